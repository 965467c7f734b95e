import AlertModel
import ChannelKit
import FoundationEssentials

/// One document at L-Alert, as far as its nodes may have it. A value: no clock, no lock, no I/O.
///
///     first ──▶ Report, revision 1
///     again ──▶ Update, revision + 1        the whole state each time, the headline only what is new
///     cancel ─▶ Cancel, revision + 1        what follows has a documentID of its own (serial + 1)
///     same delivery ─▶ the same revision
///
/// A revision that certainly reached no node is not counted: the next one takes its number. One whose answer was lost
/// is: receivers drop a documentID and revision they have seen, whatever it says.
struct Document: Sendable, Codable, Equatable {
    enum Change: String, Sendable, Codable {
        case report = "Report"
        case update = "Update"
        case cancel = "Cancel"
    }

    /// What became of the latest revision.
    enum Fate: Sendable, Codable, Equatable {
        /// No node has it.
        case planned
        /// Sent, and no code came back.
        case unknown
        case taken(String)
        case refused(String)
    }

    let category: Category
    /// Which document of its incident this is, from 1.
    var serial = 1
    /// Of the latest plan, from 1.
    var revision = 1
    /// The highest revision that a node may have; 0 none.
    var held = 0
    var change = Change.report
    var fate = Fate.planned
    var delivery: DeliveryID
    /// When the alert of the latest plan was sent: an older one says nothing new.
    var alertSent: Date
    /// `distributionID` without the domain, new for every plan and the same on every attempt.
    var distribution: String
    var made: Date
    var firstMade: Date
    /// The state the latest revision speaks of, and the one a node may have.
    var lines: [Line] = []
    var standing: [Line] = []
    /// Only what is new; made with the plan, as the state it is compared with moves on.
    var headline = ""
    /// Why it was corrected or taken back.
    var errata: String?

    /// A node may have a Cancel as the last word: the document is closed.
    var isEnded: Bool { change == .cancel && held == revision }

    mutating func settle(_ fate: Fate) {
        self.fate = fate
        switch fate {
        case .unknown, .taken:
            held = revision
            standing = lines
        case .planned, .refused: break
        }
    }
}

/// One line of a state: a district under an order, a shelter.
struct Line: Sendable, Codable, Equatable {
    var id: String
    /// 避難指示, 開設 … as PCXML writes it.
    var word: String
    var isLifted = false
    var since: Date?
}

extension Document {
    /// What to do about one delivery.
    enum Step: Sendable, Equatable {
        case publish(Document)
        case settled(Document)
        case refused(String)
        /// Nothing is to be sent, and why.
        case nothing(String)
    }

    /// - Parameter old: The document as it is known; nil before the first.
    static func step(
        after old: Document?, for statement: Statement, now: Date, distribution: String
    ) -> Step {
        if let old, old.delivery == statement.delivery { return old.again() }
        if let old, statement.sent < old.alertSent { return .nothing("より新しい状態がもう公開されています (a newer state was published already)") }
        if statement.message == .cancel, old.map({ $0.held == 0 || $0.isEnded }) ?? true {
            return .nothing("この件はＬアラートに何も出ていません (nothing of this event stands at L-Alert)")
        }
        var next = old ?? Document(
            category: statement.category, delivery: statement.delivery, alertSent: statement.sent,
            distribution: distribution, made: now, firstMade: now)
        // What takes something back speaks of the document it stands in, also when that is over.
        if let old, old.isEnded || (old.isOver && !statement.isCancel) {
            next = Document(
                category: old.category, serial: old.serial + 1, delivery: statement.delivery,
                alertSent: statement.sent, distribution: distribution, made: now, firstMade: now)
        }
        next.begin(statement, now, distribution)
        return .publish(next)
    }

    func again() -> Step {
        switch fate {
        case .planned, .unknown: .publish(self)
        case .taken: .settled(self)
        case .refused(let words): .refused(words)
        }
    }

    /// Every shelter is closed, the headquarters dissolved: the next opening is another incident.
    private var isOver: Bool {
        guard held == revision else { return false }
        return switch category {
        case .shelter: !lines.contains { $0.word == ShelterStatus.openWord }
        case .antidisasterHeadquarter: lines.allSatisfy(\.isLifted)
        case .evacuationOrder, .generalInformation, .urgentMail: false
        }
    }

    private mutating func begin(_ statement: Statement, _ now: Date, _ distribution: String) {
        revision = held + 1
        change = statement.isCancel ? .cancel : revision == 1 ? .report : .update
        fate = .planned
        delivery = statement.delivery
        alertSent = statement.sent
        self.distribution = distribution
        made = now
        errata = statement.message == .cancel ? statement.text.title : nil
        setLines(statement)
        headline = Headline(self, statement).text
    }

    private mutating func setLines(_ statement: Statement) {
        switch statement.subject {
        case .evacuation where statement.isCancel, .headquarters where statement.isCancel: lines = standing
        case .evacuation(let order):
            if let act = statement.act {
                lines = order.lines(after: standing, act, at: statement.reported)
                if act.change == .takenBack || act.change == .restored { errata = statement.text.title }
                return
            }
            let next = order.lines(after: standing, at: statement.reported)
            lines = next.lines
            if !next.withdrawn.isEmpty { errata = "対象地区の訂正（除外：\(next.withdrawn.joined(separator: "、"))）" }
        case .headquarters(let seat): lines = [seat.line(after: standing, at: statement.reported)]
        case .shelters(let shelters): lines = shelters.map(\.line)
        case .notice: lines = []
        }
    }
}
