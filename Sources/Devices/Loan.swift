/// Who has a tablet in his hands: lent in a shelter, until when, and given back.
///
///     in the cupboard ──lend(to, until)──▶ lent ──(its time is over: not back)──▶ give back ──▶ in the cupboard
///
/// A borrower's name is kept for as long as he has it, and no longer.
package import AlertModel
internal import ChannelKit
package import FoundationEssentials
internal import Synchronization

package struct Loan: Sendable, Hashable, Codable {
    package var to: String
    package var until: Date?
    package var at: Date
    package var by: String

    package func isOverdue(_ now: Date) -> Bool { until.map { $0 < now } ?? false }
}

package enum LoanFailure: Error, Sendable, Equatable {
    case noDevice
    /// Somebody else has it.
    case lent(to: String)
    case notLent
    case invalid(String)
}

extension DeviceRegister {
    /// - Parameter until: nil: until it comes back.
    package func lend(
        _ id: String, of town: TownID, to borrower: String, until: Date?, by person: String
    ) throws(LoanFailure) -> Device {
        let name = String(borrower.drop { $0.isWhitespace })
        guard (1...64).contains(name.count), PlainText.isPlain(name) else {
            throw .invalid("借りる人の名前を64文字までで書いてください (to: 1 to 64 letters)")
        }
        let now = clock()
        if let until, until <= now || until > now.addingTimeInterval(366 * 86400) {
            throw .invalid("返す時刻（until）は、いまから1年以内です (until: within a year from now)")
        }
        return try change(id, of: town, orElse: .noDevice) { device throws(LoanFailure) in
            if let loan = device.loan { throw .lent(to: loan.to) }
            guard device.revoked == nil, !device.isEdge else { throw .noDevice }
            device.loan = Loan(to: name, until: until, at: now, by: person)
        }
    }

    package func giveBack(_ id: String, of town: TownID) throws(LoanFailure) -> Device {
        try change(id, of: town, orElse: .noDevice) { device throws(LoanFailure) in
            guard device.loan != nil else { throw .notLent }
            device.loan = nil
            device.returned = clock()
        }
    }

    func change<Failure: Error>(
        _ id: String, of town: TownID, orElse none: Failure, _ body: (inout Device) throws(Failure) -> Void
    ) throws(Failure) -> Device {
        try state.withLock { state throws(Failure) in
            guard var device = state.devices[id], device.town == town else { throw none }
            try body(&device)
            state.devices[id] = device
            keep(device)
            return device
        }
    }
}
