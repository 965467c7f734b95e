/// A history: what happened at which node and when, a line of JSON each, written down while hubs, databases and etcd are killed, stopped, cut
/// off and filled up. As Jepsen has it: whoever drives writes, and whoever checks (`HistoryCheck`) has seen nothing of the run.
///
///     asked ──▶ acknowledged, or refused            a person's act and what the hub said to it
///     owned                                         which hub is on duty, by the database's own row
///     heard ──▶ answered                            an attempt at a far end that is audible, and its yes
///     screen                                        what stands on a tablet's screen, whenever it changes
///     fault, healed                                 what was done to a node, and that it is over
///     recorded, settled                             in the end, all healed: what the record has; nothing more comes
///
/// `at` is one clock, the driver's own, which nobody shifts; so no line has to be ordered against another by a node's word.
package struct Moment: Sendable, Hashable {
    /// Seconds since the history began.
    package var at: Double
    package var node: String
    package var what: What

    package init(at: Double, node: String, what: What) {
        self.at = at
        self.node = node
        self.what = what
    }

    package enum What: Sendable, Hashable {
        case asked(Word)
        /// - Parameter isLocal: "recorded on this machine only": whoever asked was told that the other hubs do not know of it.
        case acknowledged(act: String, alert: String, isLocal: Bool)
        /// For good, and no try before it can have been taken. Of an act without any answer nobody knows.
        case refused(act: String)
        /// The node is on duty from now on at the latest: the database's row was seen with its name and number.
        case owned(token: Int)
        /// The node is the far end.
        case heard(Attempt)
        case answered(attempt: Int)
        /// - Parameter took: the alert that changed it, if it was one.
        case screen(town: String, shows: [String], took: String?)
        case recorded(town: String, alert: String)
        case fault(String)
        case healed(String)
        case settled
    }
}

/// What a person says of one thing, the first time (1), more of it (2, 3 …), or that it is over.
package struct Word: Sendable, Hashable {
    package var act: String
    package var town: String
    package var subject: String
    package var revision: Int
    package var isEnd: Bool

    package init(act: String, town: String, subject: String, revision: Int, isEnd: Bool = false) {
        self.act = act
        self.town = town
        self.subject = subject
        self.revision = revision
        self.isEnd = isEnd
    }
}

/// A hub at an audible far end's door.
package struct Attempt: Sendable, Hashable {
    package var number: Int
    package var town: String
    package var alert: String
    /// The name under which the far end knows it again.
    package var delivery: String
    package var hub: String
    /// When its connection was there, which may be long before its last octet.
    package var begun: Double
    /// What a hub without a database lets go at once.
    package var isImmediate: Bool

    package init(number: Int, town: String, alert: String, delivery: String, hub: String, begun: Double, isImmediate: Bool = false) {
        self.number = number
        self.town = town
        self.alert = alert
        self.delivery = delivery
        self.hub = hub
        self.begun = begun
        self.isImmediate = isImmediate
    }
}
