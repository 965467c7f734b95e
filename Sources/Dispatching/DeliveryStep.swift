package import AlertModel
package import ChannelKit
package import Ledger

/// What the runner reports of its deliveries, in the order things happen. Never waits.
package protocol DeliveryObserver: Sendable {
    func delivery(_ id: DeliveryID, of town: TownID, took step: DeliveryStep)
    /// Whether what waits may go out: who keeps the record knows.
    var duty: Duty { get }
}

extension DeliveryObserver {
    package var duty: Duty { .always }
}

/// One step of a delivery's life. Its status is the list of these, never a column.
package enum DeliveryStep: Sendable, Hashable {
    case started(attempt: Int)
    case failed(attempt: Int, reason: String, retryIn: Duration?)
    case delivered(attempt: Int, Receipt)
    case superseded
    case annulled
    case expired
    case rejected(String)
    /// The lane waits for a person.
    case stopped(String)
    /// After a restart: too old for its class to go out by itself.
    case held(String)
    case released(by: String)
    /// A person has decided that what was held does not go out.
    case dropped(by: String)
    /// A person has mended the lane it was stopped in.
    case resumed(by: String)
    /// Found out later about what had been delivered.
    case remarked(String)

    /// Nothing follows after these.
    package var isEnd: Bool {
        switch self {
        case .delivered, .superseded, .annulled, .expired, .rejected, .dropped: true
        case .started, .failed, .stopped, .held, .released, .resumed, .remarked: false
        }
    }
}
