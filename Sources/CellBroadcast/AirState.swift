/// What a centre has on the air, and what each controller still has to be told. A value: no clock, no lock, no line.
struct AirState: Sendable {
    struct Active: Sendable {
        var broadcast: CBSPBroadcast
        /// It ends by itself then; nil: when it is deleted.
        let ends: ContinuousClock.Instant?
        /// False while the controllers are being asked.
        var isConfirmed = false
    }

    enum Reservation { case taken, conflict, full }

    private(set) var active: [UInt16: Active] = [:]
    /// Requests to take something off that a controller has not confirmed, by controller.
    private var kills: [[CBSPMessage]]
    /// How often each controller was brought to the state it should be in.
    private(set) var recoveries: [Int]

    /// A network has dozens of messages on the air at the worst of times.
    static let most = 256
    private static let mostKills = 64

    init(controllers: Int) {
        // As many as there are controllers in the settings.
        kills = Array(repeating: [], count: controllers)
        // As many, for the same reason.
        recoveries = Array(repeating: 0, count: controllers)
    }

    mutating func reserve(_ broadcast: CBSPBroadcast, now: ContinuousClock.Instant) -> Reservation {
        active = active.filter { $0.value.ends.map { $0 > now } ?? true }
        guard active[broadcast.identifier] == nil else { return .conflict }
        guard active.count < Self.most else { return .full }
        active[broadcast.identifier] = Active(broadcast: broadcast, ends: broadcast.lifetime.map { now + $0 })
        return .taken
    }

    mutating func confirm(_ broadcast: CBSPBroadcast) {
        active[broadcast.identifier]?.isConfirmed = true
        for index in kills.indices { settle(broadcast.kill, with: index) }
    }

    /// Before the controllers are asked to take it off, or asked for what they may be asked to take off: who is heard of again between
    /// the question and its end is told too.
    mutating func owe(_ kill: CBSPMessage) {
        for index in kills.indices { owe(kill, to: index) }
    }

    /// Takes a message off; nil when there is none.
    mutating func remove(_ identifier: UInt16, now: ContinuousClock.Instant) -> CBSPBroadcast? {
        guard let gone = active.removeValue(forKey: identifier), gone.ends.map({ $0 > now }) ?? true else { return nil }
        return gone.broadcast
    }

    /// Controller `index` may still broadcast it: it is told when it is heard of again.
    mutating func owe(_ kill: CBSPMessage, to index: Int) {
        settle(kill, with: index)
        // One list for each controller, and the index is a controller's.
        kills[index] = (kills[index] + [kill]).suffix(Self.mostKills)
    }

    // One list for each controller, and the index is a controller's.
    mutating func settle(_ kill: CBSPMessage, with index: Int) { kills[index].removeAll { $0 == kill } }

    /// The last removal of `identifier` that a controller has not confirmed, and which ones have not.
    func owed(_ identifier: UInt16) -> (kill: CBSPMessage, controllers: Set<Int>)? {
        guard let kill = kills.joined().last(where: { $0.identifier == identifier }) else { return nil }
        return (kill, Set(kills.indices.filter { kills[$0].contains(kill) }))
    }

    /// What brings controller `index` to the state it should be in, wherever it is.
    mutating func recovery(of index: Int, now: ContinuousClock.Instant) -> [CBSPMessage] {
        // One count for each controller.
        recoveries[index] += 1
        let wanted = active.values.filter { $0.isConfirmed && $0.ends.map { $0 > now } ?? true }
        let serials = Set(wanted.map(\.broadcast.serial))
        // One list for each controller, and the index is a controller's.
        let off = kills[index].filter { kill in kill.oldSerial.map { !serials.contains($0) } ?? true }
        return off + wanted.sorted { $0.broadcast.identifier < $1.broadcast.identifier }.map { active in
            .write(active.broadcast.shortened(to: active.ends.map { $0 - now }))
        }
    }
}

extension CBSPBroadcast {
    /// What takes it off.
    var kill: CBSPMessage { .kill(identifier, serial, isWarning: isWarning) }

    /// Seconds of one repetition unit (TS 23.041 §9.3.7).
    static let repetitionUnit = Duration.milliseconds(1883)

    /// How long it is on the air; nil: until it is killed.
    var lifetime: Duration? {
        switch content {
        case .text(_, _, let period, let broadcasts):
            broadcasts == 0 ? nil : Self.repetitionUnit * Int(period) * Int(broadcasts)
        case .warning(_, let period, _):
            period.seconds.map { .seconds($0) }
        }
    }

    /// The same with only `rest` to go.
    func shortened(to rest: Duration?) -> CBSPBroadcast {
        guard let rest else { return self }
        var shortened = self
        switch content {
        case .text(let text, let category, let period, let broadcasts):
            let left = (rest / (Self.repetitionUnit * Int(period))).rounded(.up)
            shortened.content = .text(
                // Between one and what was a UInt16 before.
                text, category: category, period: period, broadcasts: UInt16(min(max(left, 1), Double(broadcasts))))
        case .warning(let type, _, let security):
            shortened.content = .warning(
                // Whole seconds of a duration are an Int64 already.
                type, period: WarningPeriod(seconds: Int(rest.components.seconds)), security: security)
        }
        return shortened
    }
}
