import Foundation
import Testing

@Suite("The rules for the watch")
struct RuleTests {
    @Test("promtool plays a quiet night, which wakes nobody, and one where everything is amiss, which fires every rule")
    func played() throws {
        guard let heard = try said("promtool", ["test", "rules", package.appending(path: "deploy/alerts_test.yml").path]) else {
            return print("skipped: promtool is not installed (apt install prometheus)")
        }
        #expect(heard.code == 0, "\(heard.text)")
    }

    @Test("Every rule is played")
    func complete() throws {
        let folder = package.appending(path: "deploy")
        let rules = try String(contentsOf: folder.appending(path: "alerts.yml"), encoding: .utf8).matches(of: #/- alert: (\w+)/#).map { String($0.1) }
        let plays = try String(contentsOf: folder.appending(path: "alerts_test.yml"), encoding: .utf8)
        #expect(!rules.isEmpty)
        for rule in rules { #expect(plays.contains("alertname=\"\(rule)\""), "\(rule)") }
    }
}
