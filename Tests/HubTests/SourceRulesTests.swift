import AlertModel
import Foundation
import Desk
@testable import Hub
import Testing

@Suite("Who is a source, and what a token opens")
struct SourceRulesTests {
    @Test("A token bound to towns has all but feed and admin, unless the settings say so; one bound to none has all")
    func scopes() throws {
        let town = try #require(TownID("042056"))
        let bound = Operator(name: "a", tokenDigest: "d", towns: [town])
        #expect(bound.scopes == Set(Scope.allCases).subtracting([.feed, .admin]))
        #expect(Operator(name: "a", tokenDigest: "d").scopes == Set(Scope.allCases))
        let feeder = Operator(name: "a", tokenDigest: "d", towns: [town], scopes: [.feed])
        #expect(feeder.may(.feed) && !feeder.may(.send) && !feeder.may(.read))
        #expect(feeder.refusal([.send, .drill]).hasPrefix("このトークン（a）に本番の送信（send）または訓練の送信（drill）の権限がありません"))
    }

    @Test("Each way is believed as its kind is; a rule for its name or its kind changes that")
    func trust() {
        let usual = SourceRules()
        #expect(usual.trust(of: "dmdata:1") == .official && usual.trust(of: "feed:eqvol") == .official)
        #expect(usual.trust(of: "qzss:/dev/ttyUSB0") == .receiver && usual.trust(of: "http:desk") == .other)
        #expect(usual.trust(of: "dmdatax:1") == .other && usual.mayRaise(.tsunami, from: "http:desk"))
        let rules = SourceRules([
            SourceRule(source: "http:socket", trust: .official), SourceRule(source: "http", raises: []), SourceRule(source: "qzss", raises: [.eew]),
        ])
        #expect(rules.trust(of: "http:socket") == .official && rules.trust(of: "http:sock") == .other)
        #expect(!rules.mayRaise(.tsunami, from: "http:desk") && rules.mayRaise(.eew, from: "qzss:a") && !rules.mayRaise(.tsunami, from: "qzss:a"))
    }

    @Test("CAP is believed by its signature, not by its way; a person's own word has no way")
    func cap() throws {
        let rules = SourceRules()
        var content = AlertContent(
            id: AlertID("a"), event: EventID("cap/s/1"), kind: .flood, message: .alert,
            revision: Revision(series: "cap", serial: nil, sent: .distantPast), type: "cap", title: "洪水", sender: "s", sent: .distantPast,
            expires: .distantFuture)
        #expect(rules.provenance(of: content, from: "folder:a") == Provenance(trust: .other))
        content.provenance = Provenance(trust: .signed, signer: "sha256/x")
        #expect(rules.provenance(of: content, from: "http:a") == Provenance(trust: .signed, signer: "sha256/x"))
        content.town = TownID("042056")
        #expect(rules.provenance(of: content, from: "operator:a") == nil)
    }

    @Test("The same bytes by a way that is believed more are new once; by one that is believed less they are not")
    func again() {
        let seen = SeenBulletins()
        guard case .new(_, isAgain: false) = seen.look("h", .other), case .known = seen.look("h", .other),
            case .new(_, isAgain: true) = seen.look("h", .official), case .known = seen.look("h", .receiver)
        else { Issue.record("another order"); return }
    }
}
