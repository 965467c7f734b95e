/// Requests that others' program makes out of docs/openapi.yaml, against the real hub: what is said there is what happens.
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Schemathesis {
        static let program = Program.package.appending(path: ".build/outside/venv/bin/schemathesis").path

        /// A fixed seed: the same requests every time. Streams have no end, and the benchmark's call is not there.
        static let words = [
            "--seed", "20110311", "--max-examples", "12", "--phases", "examples,coverage,fuzzing,stateful", "--exclude-path-regex", "stream|/v1/bench",
            "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
                + "unsupported_method,ignored_auth",
            "--request-timeout", "20", "--no-shrink", "--no-color", "--warnings", "off", "--max-failures", "20",
        ]

        @Test("Two thousand requests made out of the description are answered as it says, and none with 500")
        func conforms() async throws {
            guard FileManager.default.isExecutableFile(atPath: Self.program) else {
                return print("skipped: schemathesis is not installed (Tests/outside/install)")
            }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let arguments = ["run", Program.package.appending(path: "docs/openapi.yaml").path, "--url", hub.address,
                                 "--header", "Authorization: Bearer \(TownFile.token)"] + Self.words
                // It writes its findings beside where it stands.
                let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
                let child = try Program(["--version"], shell: "cd \"$(mktemp -d)\" && '\(Self.program)' \(quoted) &&")
                let status = try await child.ended(within: .seconds(150))
                #expect(status == 0, "\(child.out.suffix(6000))")
            }
        }
    }
}
