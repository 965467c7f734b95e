internal import AlertModel
internal import Dispatching
internal import Foundation
internal import Ledger
internal import Lifecycle
internal import Memories
internal import Synchronization
internal import Targeting

/// What has been said about every event, real ones and drills apart.
struct ModeStories {
    private var actual = EventStories()
    private var exercise = EventStories()
    private var inForce: [ModeName: BulletinsInForce] = [:]

    mutating func take(_ content: AlertContent, _ mode: ModeName, source: String, now: Date) -> Reception {
        switch mode {
        case .actual: actual.take(content, source: source, now: now)
        case .exercise: exercise.take(content, source: source, now: now)
        }
    }

    func speakers(of content: AlertContent, _ mode: ModeName) -> Set<String> {
        switch mode {
        case .actual: actual.speakers(of: content)
        case .exercise: exercise.speakers(of: content)
        }
    }

    func count(_ mode: ModeName) -> Int {
        switch mode {
        case .actual: actual.count
        case .exercise: exercise.count
        }
    }

    /// What the alert is to the town, asked once per town after targeting.
    mutating func tidings(
        _ content: AlertContent, _ mode: ModeName, _ town: Town, _ decisions: [Decision], now: Date
    ) -> Tidings {
        let priority = decisions.compactMap(\.verdict.priority).min()
        let local = decisions.first?.local ?? []
        let news: News =
            switch mode {
            case .actual: actual.tell(content, town: town.id, priority: priority, local: local, now: now)
            case .exercise: exercise.tell(content, town: town.id, priority: priority, local: local, now: now)
            }
        note(content, mode, town, news, isOver: decisions.first?.isOver ?? false, isTold: priority != nil)
        switch news {
        case .tell(let cause, _):
            let change = cause.change(isOver: decisions.first?.isOver ?? true)
            switch cause {
            case .lifted, .cancelled, .lowered: return .ending(change)
            default: return .news(change)
            }
        case .silent(.noNews): return .again("伝えた内容から警戒の度合い・範囲・行動に変わりなし (no higher class, no wider area, no other action than what was told)")
        case .silent(.neverTold): return .again("この町には伝えていない情報の終わり (the end of what was never told here)")
        case .silent(.notTheirs):
            return .withheld("新しい情報、またはより信頼できる経路の情報を、下げも終わらせもしない (it does not lower or end what is newer or came by a way that is believed more)")
        case .silent(.notConcerned): return .news
        }
    }
}

extension ModeStories {
    private mutating func note(
        _ content: AlertContent, _ mode: ModeName, _ town: Town, _ news: News, isOver: Bool, isTold: Bool
    ) {
        // Named no more, and told of before: over, whatever the bulletin says of others.
        let isOver = isOver || !isTold && news == .tell(.lifted, .routine)
        inForce[mode, default: BulletinsInForce()].take(content, in: town.id, isTold: isTold, isOver: isOver)
    }

    func bulletins(inForceIn town: TownID, _ mode: ModeName, at now: Date) -> [AlertID] {
        inForce[mode]?.alerts(in: town, at: now) ?? []
    }
}

extension News.Cause {
    /// As far ends are told. Of a bulletin that lifts one thing and leaves another in force a part is lifted.
    fileprivate func change(isOver: Bool) -> Change {
        switch self {
        case .first: .new
        case .higher: .raised
        case .wider: .widened
        case .corrected: .corrected
        case .changed: .changed
        case .lowered: .lowered
        case .lifted: isOver ? .lifted : .partLifted
        case .cancelled: .takenBack
        }
    }
}

extension Hub {
    /// What passed every town by since then belongs to the stories too: an older word that comes late is known for old.
    func restoreStories(since: Date) async throws {
        for recorded in try await patiently({ try await self.ledger.passed(since: since, limit: 10_000) }) {
            stories.withLock { _ = $0.take(recorded.content, recorded.mode, source: recorded.actor, now: recorded.accepted) }
        }
    }

    /// The same again after a restart: the alerts of the last days, in the order they were recorded.
    func restoreStories(of town: Town, _ alerts: [RecordedAlert]) {
        for recorded in alerts where recorded.content.town == nil {
            let decisions =
                switch recorded.mode {
                case .actual: actual.decisions(Alert<Actual>(recorded.content), for: town)
                case .exercise: exercise.decisions(Alert<Exercise>(recorded.content), for: town)
                }
            stories.withLock { stories in
                // Another town's ledger may have brought the same alert already; its memory is what is missing.
                _ = stories.take(recorded.content, recorded.mode, source: recorded.actor, now: recorded.accepted)
                _ = stories.tidings(recorded.content, recorded.mode, town, decisions, now: recorded.accepted)
            }
        }
    }
}
