/// The pages in a real browser against the real program: what people see of each state of things.
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct RealPages {
        @Test(
            "In a real browser spot, tablet and desk show each state of things as it is",
            .enabled(if: BrowserScript.isPossible, "no chromium on this machine"), .serialized,
            arguments: ["test_states.py", "test_real_hub.py", "test_first_start.py", "test_rollcall.py", "test_pact.py"])
        func browser(script: String) async throws {
            let (status, said) = try await BrowserScript.run(
                script, in: Program.package, environment: ["NOROSHI_PROGRAM": Program.path])
            #expect(status == 0, "\(said)")
        }
    }
}
