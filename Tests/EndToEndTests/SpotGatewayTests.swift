/// A spot with the real openNDS 9.10, dnsmasq and nginx by the settings of `deploy/spot`, in namespaces of its own: `Tests/spot/run`.
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct SpotGateway {
        @Test("A phone joins a spot behind openNDS: option 114, the probe's redirect, the town's page, RFC 8908 before and after, let through by our link and by no other, and all of it while the line is cut")
        func phone() async throws {
            let folder = try TestHub.newFolder(), said = folder.appending(path: "said")
            defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
            let code = try await ChildProcess.run("/bin/bash", [Program.package.appending(path: "Tests/spot/run").path, Program.path], output: .file(said.path))
            let text = try String(contentsOf: said, encoding: .utf8)
            // No root, no namespaces, or a program that is not here: said in words.
            guard code != 77 else { return print("the real gateway was not tried: \(text)") }
            let lines = text.split(separator: "\n")
            #expect(code == 0 && lines.count { $0.hasPrefix("ok ") } == 15 && !lines.contains { $0.hasPrefix("NOT ") }, "\(code): \(text)")
        }
    }
}
