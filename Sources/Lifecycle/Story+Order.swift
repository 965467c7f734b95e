/// Where a revision stands among those that came before it. Dates are claims: a clock may run ahead, a forged bulletin
/// may say anything, and neither may silence a true warning.
///
///     newer      it is the event's word from now on
///     late       an order that cannot be trusted, or a way that is believed less: it may raise and widen, nothing else
///     outdated   for the record
import AlertModel
import FoundationEssentials

extension Story {
    enum Order: Sendable {
        case newer, late, outdated
    }

    /// Two times closer than that decide nothing: a sender's clock may be so far ahead (`Normaliser.tolerance`).
    static let tolerance = 5 * 60.0
    /// What another way brings so much later may still be what the first way lost.
    static let lag = 3_600.0
    /// A clock that is this much ahead of ours is only not quite ours.
    private static let drift = 5.0

    func order(of content: AlertContent, from source: String) -> Order {
        let age = current.revision.sent.timeIntervalSince(content.revision.sent)
        // Who is believed more is not put off by the numbers and dates of who is believed less.
        if content.trust > current.trust { return age < Self.tolerance ? .newer : .late }
        if content.trust < trust { return age < Self.tolerance ? .late : .outdated }
        if content.revision.isNewer(than: current.revision) { return .newer }
        if isCancelled { return isAhead && !isNumbered(content) && age < Self.tolerance ? .newer : .outdated }
        // An early warning's areas are gathered one by one, by number.
        if content.kind == .eew { return .outdated }
        return age < (source == self.source ? Self.tolerance : Self.lag) ? .late : .outdated
    }

    /// The current revision was dated after it came: its place among others is where it came, not where it says.
    private var isAhead: Bool { current.sent.timeIntervalSince(current.revision.sent) > Self.drift }

    /// Counted by the same sender: a number is no clock.
    private func isNumbered(_ content: AlertContent) -> Bool {
        content.revision.series == current.revision.series && content.revision.serial != nil && current.revision.serial != nil
    }
}

extension AlertContent {
    /// What has no way noted came before ways were noted, or is a person's own.
    var trust: SourceTrust { provenance?.trust ?? .official }
}
