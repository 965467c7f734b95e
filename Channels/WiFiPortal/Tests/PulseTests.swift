import AlertModel
import ChannelKit
import ChannelKitTesting
import FoundationEssentials
import Testing

@testable import WiFiPortal

/// Whether a spot lives, by what its own equipment does: `pulse` seconds between two visits.
@Suite("A spot's pulse")
struct PulseTests {
    private static func spot(_ pulse: String?) -> FarEnd<Actual> {
        FarEnd(town: TownID("042056")!, id: "spot-1", name: "駅前", settings: pulse.map { ["pulse": $0] } ?? [:])
    }

    private func ask(_ both: Both, _ pulse: String? = "60") async -> Result<String?, DeliveryFailure> {
        do throws(DeliveryFailure) {
            return .success(try await both.real.reach(Self.spot(pulse), deadline: .now + .seconds(5)))
        } catch {
            return .failure(error)
        }
    }

    private func visit(_ both: Both) { both.pages.asked(at: "spot-1", now: both.hand.now) }

    @Test("Who comes in time lives; after twice the time without a visit he is silent, since the last one; his next visit ends it")
    func turns() async throws {
        let both = try Both()
        #expect(await ask(both, nil) == .success(nil), "nothing was promised")
        #expect(await ask(both) == .success(nil), "he still has time to come")
        both.hand.turn(30)
        visit(both)
        both.hand.turn(120)
        guard case .success(let words?) = await ask(both) else { Issue.record("one visit may be late"); return }
        #expect(words.contains("14:46にページを読みました"), "\(words)")
        both.hand.turn(1)
        guard case .failure(.unavailable(let silent)) = await ask(both) else { Issue.record("he is silent"); return }
        #expect(silent.contains("14:46からページを読みに来ていません"), "\(silent)")
        #expect(await ask(both, "3600") == .success("この場所の機器が、14:46にページを読みました (its equipment read the page then)"), "each by his own time")
        visit(both)
        guard case .success(.some) = await ask(both) else { Issue.record("he came"); return }
    }

    @Test("Who never came is silent once his time is over, and not before; another place's visit is none of his")
    func never() async throws {
        let both = try Both()
        both.pages.asked(at: "spot-2", now: both.hand.now)
        both.hand.turn(120)
        #expect(await ask(both) == .success(nil))
        both.hand.turn(1)
        guard case .failure(.unavailable(let words)) = await ask(both) else { Issue.record("nobody came"); return }
        #expect(words.contains("まだページを読みに来ていません"), "\(words)")
    }

    @Test("An hour without a hub is nobody's silence; after it he has his time again, and who then does not come is silent since before")
    func restart() async throws {
        let before = try Both()
        visit(before)
        guard case .success(.some) = await ask(before) else { Issue.record("he came"); return }
        let both = try before.restarted(after: 3600)
        #expect(await ask(both) == .success(nil), "nobody could come")
        both.hand.turn(121)
        guard case .failure(.unavailable(let words)) = await ask(both) else { Issue.record("he is silent"); return }
        #expect(words.contains("14:46からページを読みに来ていません"), "the time of before the start: \(words)")
        visit(both)
        guard case .success(.some) = await ask(both) else { Issue.record("he came"); return }
        #expect(both.notebook.all.keys.filter { $0.hasPrefix("asked/") } == ["asked/spot-1"], "one note of a place, however often it is asked")
    }

    @Test("A clock that is put back makes nobody silent")
    func clock() async throws {
        let both = try Both()
        visit(both)
        both.hand.turn(-5000)
        guard case .success(.some) = await ask(both) else { Issue.record("he came"); return }
    }

    @Test("A time that is none is refused where it is written", arguments: ["9", "3601", "x", "60s", "-60", "1e2"])
    func settings(pulse: String) async throws {
        #expect(throws: SettingsError.self) { try WiFiPortal<Actual>.check(Self.spot(pulse)) }
        guard case .failure(.misconfigured) = await ask(try Both(), pulse) else { Issue.record("\(pulse)"); return }
    }
}
