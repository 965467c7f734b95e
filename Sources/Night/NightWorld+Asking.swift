/// Whoever asks the hub for something and waits: for an answer, or for ever when it is killed meanwhile.
import AlertModel
import Chance
import Desk
import Foundation
import Hub

struct Waiter {
    /// True once it has been answered.
    var hears: (NightWorld) -> Bool
    var lost: (NightWorld) -> Void
    var cancel: () -> Void
}

/// What somebody at the desk hears.
enum DeskAnswer: Sendable {
    case pushed(Pushed)
    case refused(String)
    /// On its way, though the disk does not know: ask again under the same key.
    case unrecorded(String)
}

extension NightWorld {
    func ask<Value: Sendable>(
        _ body: @escaping @Sendable (Hub) async -> Value, then hears: @escaping (NightWorld, Value) -> Void,
        orElse lost: @escaping (NightWorld) -> Void
    ) {
        guard let house else { return lost(self) }
        let hub = house.hub
        let pending = executor.begin { await body(hub) }
        lastWaiter += 1
        waiters[lastWaiter] = Waiter(
            hears: { world in
                guard let value = pending.value else { return false }
                hears(world, value)
                return true
            },
            lost: lost, cancel: pending.cancel)
    }

    func hear() {
        for number in waiters.keys.sorted() {
            guard let waiter = waiters[number] else { continue }
            // Taken out first: what follows from the answer may ask again.
            waiters[number] = nil
            if !waiter.hears(self) { waiters[number] = waiter }
        }
    }

    static func desk(_ body: () async throws -> Pushed) async -> DeskAnswer {
        do {
            return .pushed(try await body())
        } catch let failure as DeskFailure {
            switch failure {
            case .unrecorded, .unkept: return .unrecorded("\(failure)")
            default: return .refused("\(failure)")
            }
        } catch {
            return .unrecorded("\(error)")
        }
    }
}
