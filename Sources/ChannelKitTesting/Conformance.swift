// What a channel's tests say about its far end, so that one suite can be run against every channel.

/// How a far end behaves from now on.
package enum FarEndBehaviour: String, Sendable, CaseIterable {
    /// Takes the message and says so.
    case well
    /// Begins to answer and does not come to an end.
    case slow
    /// Takes the connection, and never answers.
    case silent
    /// Answers what makes no sense.
    case lying
    /// A final no.
    case refusing
    /// Asks for a pause.
    case busy
    /// Nobody listens.
    case gone
    /// Listens again at the same address, and behaves well. Messages it held before are still there.
    case back
}

/// One message as the far end has it, read from the far end and not from what the adapter says.
package struct HeldMessage: Sendable, Hashable {
    package var id: String
    /// What people would read; nil where the far end shows no text (an ETWS primary).
    package var text: String?
    /// The far end knows that it was taken back.
    package var isTakenBack: Bool

    package init(id: String, text: String?, isTakenBack: Bool = false) {
        self.id = id
        self.text = text
        self.isTakenBack = isTakenBack
    }
}

/// A far end that really listens, made anew for every check.
package protocol ConformanceFarEnd: Sendable {
    /// What it can play; checks that need anything else are skipped in plain words. Always has `well`.
    var repertoire: Set<FarEndBehaviour> { get }
    /// The settings with which the core would reach it in the suite's mode. Good after `start`.
    var settings: [String: String] { get }
    /// Settings that `check` must refuse in the suite's mode: live identifiers in a drill, a drill's in real.
    var forbiddenSettings: [[String: String]] { get }

    func start() async throws
    func setBehaviour(_ behaviour: FarEndBehaviour) async throws
    /// Returns once an attempt has reached it since the last `setBehaviour`.
    func arrived() async
    /// Everything it has been given and not told to remove, in its own order.
    func messagesHeld() async -> [HeldMessage]
    func stop() async
}

extension ConformanceFarEnd {
    package var forbiddenSettings: [[String: String]] { [] }
}

/// One thing every channel promises. The raw value says it.
package enum ConformanceCheck: String, Sendable, CaseIterable {
    case manifest = "the manifest is sane"
    case settings = "its own settings are accepted, and those of the other mode refused"
    case otherMode = "with settings that are refused nothing is delivered"
    case delivers = "a message is over there when the receipt says so"
    case sameTwice = "the same delivery twice is one message over there"
    case twoDeliveries = "two deliveries are two messages over there"
    case afterRestart = "after a restart it still knows what it has sent"
    case update = "an update does what the manifest says"
    case cancel = "a cancel does what the manifest says"
    case cancelUncertain = "a cancel takes back what may be there though its answer was lost"
    case cancelUnheard = "a cancel of what was never sent leaves nothing over there"
    case stopsWhenCancelled = "an attempt in flight stops promptly when its task is cancelled"
    case deadline = "a silent far end is given up at the deadline"
    case slow = "a slow far end is given up at the deadline"
    case retryAfterSilence = "a retry after a lost answer leaves one message over there"
    case lying = "nonsense is no receipt"
    case refusing = "a final no is final"
    case busy = "a far end that asks for a pause gets one"
    case goneAndBack = "a far end that is gone is unavailable, and works again when it is back"
    case tooLong = "a text beyond the manifest's limits is refused"
    case saysDrill = "a drill says so over there"
    case runEnds = "its own work ends promptly when its task is cancelled"
    case holdsNoThread = "waiting for the far end holds up no cooperative thread"

    /// What the far end must be able to play.
    var needs: Set<FarEndBehaviour> {
        switch self {
        case .manifest, .settings, .otherMode, .delivers, .sameTwice, .twoDeliveries, .afterRestart, .update, .cancel,
             .cancelUnheard, .tooLong, .saysDrill, .runEnds: [.well]
        case .stopsWhenCancelled, .deadline, .retryAfterSilence, .cancelUncertain, .holdsNoThread: [.silent]
        case .slow: [.slow]
        case .lying: [.lying]
        case .refusing: [.refusing]
        case .busy: [.busy]
        case .goneAndBack: [.gone, .back]
        }
    }
}

/// What became of one check.
package enum ConformanceResult: Sendable, Equatable {
    case kept
    case skipped(String)
    case broken([String])
}
