public import FoundationEssentials

/// What a person's act does to the state of the town: before and after, place by place, and everything that stands then.
///
/// Every text of an order is made from the difference *and* from what remains, so both travel with the alert. The town's
/// state itself is the fold of all acts (`Standing`).
public struct Act: Sendable, Codable, Hashable {
    /// What one line of the town's table is about.
    public enum Subject: Sendable, Codable, Hashable {
        /// The orders of one hazard (災害) in one district (地区).
        case evacuation(hazard: String, district: String)
        case shelter(String)
        case headquarters
        case notice(EventID)
    }

    public enum State: Sendable, Codable, Hashable {
        /// 警戒レベル 3, 4 or 5.
        case level(Int)
        case shelter(ShelterNotice)
        case headquarters(Headquarters)
        case notice(Notice)
    }

    /// One line of the table: what stands, since when, by whom, until when.
    public struct Row: Sendable, Codable, Hashable {
        public var subject: Subject
        public var state: State
        /// When this state began here; an act that repeats it does not change this.
        public var since: Date
        public var by: String
        /// When it runs out unless somebody acts; nil: until it is ended.
        public var until: Date?
        public var event: EventID
        /// The act whose words stand.
        public var act: AlertID
        public var reason: String?

        public init(
            subject: Subject, state: State, since: Date, by: String, until: Date?, event: EventID, act: AlertID,
            reason: String? = nil
        ) {
            self.subject = subject
            self.state = state
            self.since = since
            self.by = by
            self.until = until
            self.event = event
            self.act = act
            self.reason = reason
        }
    }

    /// One line before and after.
    public struct Step: Sendable, Codable, Hashable {
        public var subject: Subject
        public var before: Row?
        public var after: Row?

        public init(subject: Subject, before: Row?, after: Row?) {
            self.subject = subject
            self.before = before
            self.after = after
        }
    }

    /// The version of the town's state after it; they count up by one.
    public var version: Int
    public var by: String
    public var change: Change
    public var steps: [Step]
    /// All orders in force after it, of every hazard, in the town's order.
    public var standing: [Row]
    /// The act this one takes back.
    public var takesBack: AlertID?
    /// Shelters of which the same event told before, and which stand as they did: its words are the newest, and must not hide them.
    public var besides: [ShelterNotice]?

    public init(
        version: Int, by: String, change: Change, steps: [Step], standing: [Row] = [], takesBack: AlertID? = nil
    ) {
        self.version = version
        self.by = by
        self.change = change
        self.steps = steps
        self.standing = standing
        self.takesBack = takesBack
    }
}

extension Act.Subject {
    public var hazard: String? {
        if case .evacuation(let hazard, _) = self { return hazard }
        return nil
    }
    public var district: String? {
        if case .evacuation(_, let district) = self { return district }
        return nil
    }
}

extension Act.State {
    public var level: Int? {
        if case .level(let level) = self { return level }
        return nil
    }
}

extension Act {
    /// The districts this act changes, in its order.
    public var districts: [String] { steps.compactMap(\.subject.district) }

    /// What stands of one hazard after it.
    public func standing(of hazard: String) -> [Row] { standing.filter { $0.subject.hazard == hazard } }

    /// The highest level of a hazard after it, in one district or, without one, anywhere.
    public func level(of hazard: String, in district: String? = nil) -> Int? {
        standing(of: hazard).filter { district == nil || $0.subject.district == district }.compactMap(\.state.level).max()
    }
}

extension AlertContent {
    /// Hazards whose orders bear a warning level. Of tsunami, earthquake, fire and volcano an order has none: 警戒レベル is
    /// for flood, inland flooding, storm surge and landslide (避難情報に関するガイドライン 2021-05, 1.3).
    public static let hazardsWithLevels: Set<String> = ["洪水", "土砂災害", "高潮", "内水氾濫"]

    /// 警戒レベル as an order states it after this act; nil where nothing of it stands, or where the hazard has none.
    public var orderLevel: Int? {
        guard case .evacuation(let order) = detail else { return nil }
        guard let act else { return order.isLifted ? nil : order.level.rawValue }
        return Self.hazardsWithLevels.contains(order.hazard) ? act.level(of: order.hazard) : nil
    }

    /// Lifted, and nothing of it stands any more; a part that is lifted is none.
    public var isLiftedOrder: Bool {
        guard case .evacuation(let order) = detail else { return false }
        return act.map { $0.change == .lifted } ?? order.isLifted
    }
}
