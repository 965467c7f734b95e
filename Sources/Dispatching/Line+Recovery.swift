package import AlertModel
internal import ChannelKit
package import FoundationEssentials
package import Ledger
internal import Targeting

/// After a restart: what was not finished is offered again, except what is stale for its class, which is held and
/// shown for a person to release or drop. Old evacuation orders have gone out again after a repair; none does here.
extension Line {
    /// How old a delivery of a class may be to go out again by itself.
    package static func freshness(_ priority: Priority) -> TimeInterval {
        switch priority {
        case .immediate: 60
        case .urgent: 15 * 60
        case .routine: 2 * 3600
        case .background: 12 * 3600
        }
    }

    /// Reads the ledger once, before the first alert is accepted.
    package func recover(since: Date, began: Date? = nil) async throws {
        for town in towns.all {
            try recover(town, try await ledger.town(town.id).past(since: since, and: [], now: clock()), began: began ?? clock())
        }
    }

    /// - Parameter began: when this run began. How old a delivery was then decides whether it goes out by itself: the time
    ///   that reading takes is ours, and no warning is held for it.
    package func recover(_ town: Town, _ past: TownPast, began: Date) throws {
        var contents: [AlertID: AlertContent] = [:]
        for alert in past.alerts where alert.mode == M.name {
            contents[alert.content.id] = alert.content
            shelters.take(Alert<M>(alert.content))
        }
        let rows = try past.rows.get()
        remember(contents, rows.lasting, in: town)
        offerUnfinished(contents, rows, in: town, began)
    }

    private func remember(_ contents: [AlertID: AlertContent], _ rows: [DeliveryRow], in town: Town) {
        let lasting = contents.values.filter { $0.expires > clock() }.sorted { $0.sent < $1.sent }
        guard !lasting.isEmpty else { return }
        let known = Dictionary(grouping: rows, by: \.alert)
        for content in lasting {
            let rows = known[content.id] ?? []
            memory.remember(content.event, in: town.id, isOwn: content.town != nil, rows.filter { $0.delivery.isSend && $0.wasPerhapsHeard }.map {
                .init(channel: $0.delivery.channel, endpoint: $0.delivery.endpoint, priority: $0.delivery.priority,
                    isFromBefore: true)
            })
            let sent = rows.filter(\.delivery.isSend)
            guard sent.isEmpty || sent.contains(where: { $0.delivery.reason != "no-news" }) else { continue }
            let local = decisions(Alert<M>(content), for: town).first?.local ?? []
            memory.remember(content, in: town.id, local: local)
        }
    }

    private struct Place: Hashable {
        var event: EventID
        var channel, endpoint: String
    }

    /// The newest word of each event that a far end has taken. Mostly nothing older is open behind it; but what a hub had recorded on its own disk alone comes into
    /// the record when the one that was on duty after it, and knew nothing of that, has long said something newer.
    private static func taken(_ contents: [AlertID: AlertContent], _ rows: [DeliveryRow]) -> [Place: AlertContent] {
        var taken: [Place: AlertContent] = [:]
        for row in rows where row.delivery.isSend && row.state == .delivered {
            guard let content = contents[row.alert] else { continue }
            let place = Place(event: content.event, channel: row.delivery.channel, endpoint: row.delivery.endpoint)
            guard taken[place].map({ content.revision.isNewer(than: $0.revision) }) ?? true else { continue }
            taken[place] = content
        }
        return taken
    }

    private func offerUnfinished(_ contents: [AlertID: AlertContent], _ rows: TownPast.Rows, in town: Town, _ began: Date) {
        let now = clock()
        let taken = Self.taken(contents, rows.lasting)
        var loads: [String: [ChannelRunner<M>.Load]] = [:]
        for row in rows.unfinished where row.mode == M.name {
            journal.reopen(row)
            guard let content = contents[row.alert], row.delivery.expires > now else {
                journal.delivery(row.delivery.id, of: town.id, took: .expired)
                continue
            }
            // What came here held waits for a person, for the reason it was held for.
            guard row.state != .held else { continue }
            if let newer = taken[Place(event: content.event, channel: row.delivery.channel, endpoint: row.delivery.endpoint)],
                newer.revision.isNewer(than: content.revision)
            {
                journal.delivery(row.delivery.id, of: town.id, took: newer.message == .cancel ? .annulled : .superseded)
                continue
            }
            let age = began.timeIntervalSince(row.offered)
            // A cancel is never stale: what it takes back may still be on a screen.
            if content.message != .cancel && age > Self.freshness(row.delivery.priority) {
                journal.delivery(row.delivery.id, of: town.id, took: .held(Self.words(age: age)))
                continue
            }
            if let load = load(row, content, in: town) { loads[row.delivery.channel, default: []].append(load) }
        }
        for (channel, loads) in loads.sorted(by: { $0.key < $1.key }) { slot(channel)?.runner.offer(loads, now: steady()) }
    }

    private static func words(age: TimeInterval) -> String {
        let (minutes, seconds) = (Int(age) / 60, Int(age) % 60)
        let (japanese, english) = minutes > 0 ? ("\(minutes)分", "\(minutes) min") : ("\(seconds)秒", "\(seconds) s")
        return "再起動の\(japanese)前の情報です。送るか取り下げるかを人が決めます (offered \(english) before this start: release or drop it)"
    }

    /// Makes a recorded delivery ready to go out again. Nil (and its end recorded) when it cannot.
    private func load(_ row: DeliveryRow, _ content: AlertContent, in town: Town) -> ChannelRunner<M>.Load? {
        let alert = Alert<M>(content)
        let id = row.delivery.id
        guard let farEnd = farEnd(row.delivery.endpoint, row.delivery.channel, town) else {
            journal.delivery(id, of: town.id, took: .rejected("この送り先はもう設定にありません (the far end is no longer in the settings)"))
            return nil
        }
        let decision = decisions(alert, for: town).first {
            $0.channel == row.delivery.channel && $0.endpoints.contains(row.delivery.endpoint)
        }
        let local = decision?.local ?? []
        let statuses = shelters.statuses(of: town)
        let text = composer.text(
            content, channel: row.delivery.channel, town: town, local: local, shelters: statuses,
            previous: memory.words(content.event, in: town.id), vantage: decision?.vantage ?? .whole, now: clock())
        guard text.problems.isEmpty else {
            journal.delivery(id, of: town.id, took: .rejected(text.problems[0].text))
            return nil
        }
        // Whatever was sent before the stop may have been heard, though its step never reached the disk.
        let heard = memory.told(content.event, in: town.id).contains {
            $0.channel == row.delivery.channel && $0.endpoint == row.delivery.endpoint
        }
        return ChannelRunner<M>.Load(
            parcel: parcel(
                alert, id, row.delivery.endpoint, town.id, row.delivery.priority,
                expires: deadline(row.delivery.expires), followsHeard: content.message == .cancel && heard,
                shakes: content.message == .cancel ? nil : Shaking(content.kind, local).map { ShakingOrder.turn($0.arrival, at: clock()) }),
            farEnd: farEnd,
            message: Message(
                alert: alert, town: town, priority: row.delivery.priority, texts: text.texts, local: local,
                shelters: statuses, gravity: decision?.gravity,
                change: decision?.vantage.isStanding == true ? .unchanged : content.act?.change, isOver: decision?.isOver,
                vantage: decision?.vantage ?? .whole))
    }

    /// A person lets held deliveries go out after all. Returns what became of them.
    package func release(_ rows: [DeliveryRow], by person: String) async throws -> Released {
        var done = Released()
        for row in rows where row.state == .held && row.mode == M.name {
            guard let town = towns[row.town] else { continue }
            var query = AlertQuery()
            query.id = row.alert
            guard let recorded = try await ledger.town(row.town).alerts(query).first else { continue }
            journal.reopen(row)
            if row.delivery.expires <= clock() {
                journal.delivery(row.delivery.id, of: row.town, took: .expired)
                done.expired += 1
                continue
            }
            if let end = try await isOvertaken(recorded, row) {
                journal.delivery(row.delivery.id, of: row.town, took: end)
                done.annulled += 1
                continue
            }
            journal.delivery(row.delivery.id, of: row.town, took: .released(by: person))
            guard let load = load(row, recorded.content, in: town) else {
                done.rejected += 1
                continue
            }
            slot(row.delivery.channel)?.runner.offer([load], now: steady())
            done.released += 1
        }
        return done
    }

    /// What came while it was held: a cancel, whose far end has heard that or has nothing to hear; or a newer word that this far
    /// end was given. The queue knows of neither after another start.
    private func isOvertaken(_ held: RecordedAlert, _ row: DeliveryRow) async throws -> DeliveryStep? {
        var query = AlertQuery()
        query.event = held.content.event
        query.limit = 1000
        let newer = try await ledger.town(row.town).alerts(query).filter {
            $0.mode == M.name && $0.content.revision.isNewer(than: held.content.revision)
        }
        if newer.contains(where: { $0.content.message == .cancel }) { return .annulled }
        guard !newer.isEmpty else { return nil }
        var deliveries = DeliveryQuery()
        deliveries.alerts = newer.map(\.content.id)
        deliveries.channel = row.delivery.channel
        deliveries.endpoint = row.delivery.endpoint
        deliveries.concernedOnly = true
        deliveries.limit = 1000
        return try await ledger.town(row.town).deliveries(deliveries).contains(where: \.wasPerhapsHeard) ? .superseded : nil
    }

    /// A person says that held deliveries shall not go out. Returns how many.
    package func drop(_ rows: [DeliveryRow], by person: String) -> Int {
        let held = rows.filter { $0.state == .held && $0.mode == M.name }
        for row in held {
            journal.reopen(row)
            journal.delivery(row.delivery.id, of: row.town, took: .dropped(by: person))
        }
        return held.count
    }
}

/// What became of held deliveries that a person released.
package struct Released: Sendable, Hashable {
    package var released = 0
    /// Too late, taken back or said anew meanwhile, or not possible any more: these do not go out.
    package var expired = 0, annulled = 0, rejected = 0

    package static func + (left: Self, right: Self) -> Self {
        Self(
            released: left.released + right.released, expired: left.expired + right.expired,
            annulled: left.annulled + right.annulled, rejected: left.rejected + right.rejected)
    }
}

extension DeliveryRow {
    /// Sent, or perhaps sent before a stop: a cancel follows it.
    fileprivate var wasPerhapsHeard: Bool {
        switch state {
        // Held was one of the others when the hub stopped.
        case .waiting, .sending, .retrying, .stopped, .held, .delivered, .expired: true
        case .superseded: attempts > 0
        case .skipped, .annulled, .rejected: false
        }
    }
}
