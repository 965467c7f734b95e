import CellBroadcast
import ChannelKit

/// Straight to a base-station controller (TS 48.049): its answer says of every cell whether it broadcasts.
///
/// WRITE of a serial that is there already is refused as "already used", so that a lost answer is resolved by asking
/// again. A text is replaced under its old serial; a warning is killed and written, as a phone must wake again.
struct CBSPGateway: Gateway {
    let line: CBSPClient
    let deadline: ContinuousClock.Instant

    let replaces = true

    func put(
        _ slot: Slot, _ cast: Cast, note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure) -> Put {
        let broadcast = CBSPBroadcast(slot, cast.pages, cast.airing)
        let older = slot.standing.filter { $0 != slot.serial }
        note(cast.change())
        if older.count == 1, let old = older.first, !broadcast.isWarning {
            let answer = try await ask(.write(broadcast, replacing: old))
            if answer.isAsGoodAsDone {
                note(.there(.confirmed))
                return .there(.confirmed, Self.meaning(answer))
            }
            // The old one is not there, or not everywhere: it goes, and the new one is written by itself.
        }
        for old in older { try await kill(slot, old) }
        let answer = try await ask(.write(broadcast))
        guard answer.isAsGoodAsDone || answer.reachesSomeCells else {
            note(.gone)
            throw Self.refusal(answer)
        }
        note(.there(.confirmed))
        return .there(.confirmed, Self.meaning(answer))
    }

    func remove(_ slot: Slot) async -> Removal {
        do throws(DeliveryFailure) {
            for serial in slot.standing { try await kill(slot, serial) }
            return .gone(isCertain: true)
        } catch {
            return .failed(error)
        }
    }

    /// Not being there is as good.
    private func kill(_ slot: Slot, _ serial: SerialNumber) async throws(DeliveryFailure) {
        let answer = try await ask(.kill(slot.identifier, serial, isWarning: slot.role == .warning))
        guard answer.isAsGoodAsDone else {
            throw .unavailable("停止できませんでした。 (not taken off the air: \(answer.complaint))")
        }
    }

    private func ask(_ message: CBSPMessage) async throws(DeliveryFailure) -> CBSPMessage {
        do {
            return try await line.ask(message, deadline: deadline)
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .notConnected, .tooManyQuestions, .noAnswer, .connectionLost: throw .unavailable("\(error)")
            }
        }
    }

    private static func meaning(_ answer: CBSPMessage) -> String {
        answer.reachesSomeCells && !answer.isAsGoodAsDone
            ? "一部の基地局だけが放送しています。 (broadcast by some cells, not by all: \(answer.complaint))"
            : "基地局がすべて放送しています。 (the controller broadcasts it in all its cells)"
    }

    /// Full memory and a silent channel may pass; the rest is a final no.
    private static func refusal(_ answer: CBSPMessage) -> DeliveryFailure {
        // TS 48.049 §8.2.13: capacity (6), memory (7, 8), not operational (0x0A), unspecified (0x0E).
        let passing: Set<UInt8> = [0x06, 0x07, 0x08, 0x0A, 0x0E]
        let mayPass = answer.failures.contains { passing.contains($0.cause.rawValue) }
        return mayPass
            ? .unavailable("基地局制御装置が今は断りました。 (the controller refused it for now: \(answer.complaint))")
            : .rejected("基地局制御装置が断りました。 (the controller refused it: \(answer.complaint))")
    }
}

extension CBSPBroadcast {
    init(_ slot: Slot, _ pages: PagedText, _ airing: Airing) {
        let content: Content
        if let warning = slot.warning {
            // All zero: nothing is signed (TS 23.041 §9.3.25).
            let security = [UInt8](repeating: 0, count: CBSPElement.securityLength)
            content = .warning(warning, period: WarningPeriod(seconds: airing.warningSeconds), security: security)
        } else {
            content = .text(
                // `Airing` keeps the period within 4095 and the broadcasts within 65535.
                pages, category: .high, period: UInt16(airing.period), broadcasts: UInt16(airing.broadcasts))
        }
        self.init(identifier: slot.identifier, serial: slot.serial, content: content)
    }
}

extension CBSPMessage {
    /// A failure that names cells which did take it.
    var reachesSomeCells: Bool {
        type == .writeReplaceFailure && elements.contains {
            switch $0 {
            case .completed(let list): !list.items.isEmpty
            case .cells(let list): !list.cells.isEmpty
            default: false
            }
        }
    }
}
