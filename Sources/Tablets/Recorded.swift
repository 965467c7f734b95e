internal import HTTPTypes
package import Ledger
package import Serving

extension LedgerFailure: TellsProblem {
    package var problem: Problem { Problem(self) }
}

extension Problem {
    /// A full disk is a "try again", not a fault of the sender, whatever was asked for.
    package init(_ failure: LedgerFailure) {
        self.init(.serviceUnavailable, failure.description)
        headers[.retryAfter] = "5"
    }
}

extension Commit {
    /// Waits for the disk; a full one is a "try again", not a fault of the sender.
    package func recorded() async throws {
        do {
            try await committed()
        } catch let failure as LedgerFailure {
            throw Problem(failure)
        }
    }
}
