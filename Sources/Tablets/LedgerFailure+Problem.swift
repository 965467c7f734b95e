internal import HTTPTypes
package import Ledger
package import Serving

/// A full disk is a "try again", not a fault of the sender, whatever was asked for.
extension LedgerFailure: TellsProblem {
    package var problem: Problem {
        var problem = Problem(.serviceUnavailable, description)
        problem.headers[.retryAfter] = "5"
        return problem
    }
}
