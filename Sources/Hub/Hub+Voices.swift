/// The silent probe: every far end of every town, the last metre of it where devices say so themselves.
package import AlertModel
internal import ChannelKit
package import Devices
internal import Dispatching
package import FoundationEssentials
internal import Logging
internal import Streams
internal import Synchronization

/// A far end that would not hear, for people.
package struct LostVoice: Sendable, Hashable {
    package var end: Endpoint
    package var voice: Voice
    package var phone: String?
    /// What a device there last said of its power; nil where none did.
    package var power: DeviceSigns?
}

/// A device whose power or sound is not as it should be, or that is silent on purpose for a while.
package struct WeakDevice: Sendable, Hashable {
    package var device: Device
    package var end: Endpoint
    package var signs: DeviceSigns
}

/// What is known of a town's far ends, as of the last round.
package struct TownVoices: Sendable, Hashable {
    /// Far ends that were asked; nil: nobody has been asked yet.
    package var asked: Date?
    package var count = 0
    package var heard = 0
    package var lost: [LostVoice] = []
    /// Where nobody has been put a device yet.
    package var nobody: [Endpoint] = []
    package var weak: [WeakDevice] = []
    package var draft: VoiceDraft?
}

extension Hub {
    /// Asked at once, over all towns: who answers does not wait behind who does not.
    private static let atOnce = 64
    private static let patience = Duration.seconds(5)
    /// Channels whose far ends are places where people look; of the others staff alone are told.
    private static let forPeople: Set<ChannelManifest.Role> = [.page, .tablet]

    /// To be called every few seconds: what devices say themselves is looked at, and of the rest whoever is due is asked.
    package func askVoices(now: Date) async {
        let devices = devices.inUse()
        noticeUnproven(devices, now: now)
        var asked: [(key: VoiceKey, end: Endpoint, town: Town)] = [], all = Set<VoiceKey>()
        for town in towns.all {
            let sites = Dictionary(grouping: devices[town.id] ?? []) { $0.device.site }
            for end in town.endpoints {
                let key = VoiceKey(town.id, end), own = sites[end.id] ?? []
                all.insert(key)
                switch role(of: end) {
                case .tablet: note(presence(own, now: now), key, now)
                // A spot's own relay fetches its pages.
                case .page where own.contains(where: { $0.device.isEdge }): note(presence(own, now: now), key, now)
                default: asked.append((key, end, town))
                }
            }
        }
        let (due, gone) = voiceBoard.withLock { board in
            let gone = board.forget(except: all)
            return (Set(board.due(asked.map(\.key), now: now)), gone)
        }
        for key in gone { ledger.write(Self.noteName(key), nil) }
        await ask(asked.filter { due.contains($0.key) })
    }

    private func ask(_ ends: [(key: VoiceKey, end: Endpoint, town: Town)]) async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for one in ends {
                if running == Self.atOnce {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask {
                    let answer: VoiceAnswer =
                        switch await LinkTest.ask(one.end, of: one.town, self.actual, self.exercise, patience: Self.patience) {
                        case .there(let words): .there(words)
                        case .silent(let words): .silent(words)
                        case .inside: .inside
                        }
                    self.note(answer, one.key, self.clock())
                }
            }
        }
    }

    private func note(_ answer: VoiceAnswer, _ key: VoiceKey, _ now: Date) {
        let (isNews, voice, kept) = voiceBoard.withLock { ($0.take(answer, of: key, now: now), $0[key], $0.kept(of: key)) }
        guard isNews, let voice else { return }
        ledger.write(Self.noteName(key), kept.flatMap { try? JSONEncoder().encode($0) }.map { [UInt8]($0) })
        logger.notice(voice.state == .lost ? "far end cannot be reached" : "far end answers again", metadata: [
            "town": "\(key.town)", "channel": "\(key.channel)", "endpoint": "\(key.endpoint)", "words": "\(voice.words)",
        ])
    }

    private static let notePrefix = "voice/"
    private static func noteName(_ key: VoiceKey) -> String { "\(notePrefix)\(key.town.code)/\(key.channel)/\(key.endpoint)" }

    /// Since when the far ends are silent that were lost when the last run ended. What a copy brought says nothing of today.
    func restoreVoices() {
        let known = Dictionary(uniqueKeysWithValues: towns.all.flatMap { town in town.endpoints.map { VoiceKey(town.id, $0) } }.map { (Self.noteName($0), $0) })
        var kept: [VoiceKey: VoiceBoard.Kept] = [:]
        for name in ledger.keys(prefix: Self.notePrefix) {
            let one = ledger.read(name).flatMap { try? JSONDecoder().decode(VoiceBoard.Kept.self, from: Data($0)) }
            if let one, let key = known[name], copied.map({ $0 < one.noted }) ?? true {
                kept[key] = one
            } else {
                ledger.write(name, nil)
            }
        }
        voiceBoard.withLock { [kept] in $0.restore(kept) }
    }

    /// Whether somebody is there at a place with devices of ours. Who speaks of itself every three minutes is believed for five: a line may
    /// look whole for a quarter of an hour after its tablet has lost its power. Of who never spoke the line is all that can be said.
    func presence(_ own: [(device: Device, signs: DeviceSigns?)], now: Date) -> VoiceAnswer {
        guard !own.isEmpty else { return .nobody }
        let onLine = stream.onLine(own.map(\.device.id))
        func isThere(_ one: (device: Device, signs: DeviceSigns?)) -> Bool {
            // Carried elsewhere, it hears there.
            one.signs.map { $0.last.elsewhere == nil && now.timeIntervalSince($0.last.at) <= DeviceSigns.missedAfter } ?? onLine.contains(one.device.id)
        }
        let tablets = own.filter { !$0.device.isEdge }, there = tablets.filter(isThere).count
        if there > 0 { return .there("端末\(tablets.count)台のうち\(there)台がつながっています (\(there) of \(tablets.count) devices are there)") }
        let hasEdge = own.contains { $0.device.isEdge && isThere($0) }
        // An edge that never told of its tablets knows nothing of them.
        if hasEdge, tablets.allSatisfy({ $0.signs == nil }) { return .there("中継機がつながっています (the edge is there)") }
        guard !tablets.isEmpty else { return .gone("中継機がつながっていません (the edge is not there)") }
        return .gone(
            hasEdge
                ? "中継機はつながっていますが、端末\(tablets.count)台のどれも応えません (the edge is there, none of its \(tablets.count) devices)"
                : "端末\(tablets.count)台のどれもつながっていません (none of \(tablets.count) devices is there)")
    }

    private func role(of end: Endpoint) -> ChannelManifest.Role? {
        actual.role(of: end.channel) ?? exercise.role(of: end.channel)
    }

    /// What the last round found in a town; the longest silent first.
    package func voices(of town: Town) -> TownVoices {
        var all = TownVoices()
        let own = Dictionary(grouping: devices.inUse(of: town.id)) { $0.device.site }
        let known = voiceBoard.withLock { board in town.endpoints.map { (end: $0, voice: board[VoiceKey(town.id, $0)]) } }
        for (end, voice) in known {
            guard let voice else { continue }
            all.asked = max(all.asked ?? voice.asked, voice.asked)
            all.count += 1
            switch voice.state {
            case .lost: all.lost.append(LostVoice(end: end, voice: voice, phone: phone(of: end, in: town), power: power(at: end, of: own)))
            case .nobody: all.nobody.append(end)
            case .heard, .doubted, .inside: all.heard += 1
            }
        }
        all.lost.sort { ($0.voice.since ?? $0.voice.asked, $0.end.id) < ($1.voice.since ?? $1.voice.asked, $1.end.id) }
        let places = all.lost.filter { role(of: $0.end).map { Self.forPeople.contains($0) } ?? false }
        let names = places.reduce(into: [String]()) { if !$0.contains($1.end.name) { $0.append($1.end.name) } }
        all.draft = VoiceDraft(names, of: town, since: places.compactMap(\.voice.since).min() ?? clock())
        all.weak = weak(in: town)
        return all
    }

    /// The newest word about power from a place with devices of ours.
    private func power(at end: Endpoint, of own: [String: [(device: Device, signs: DeviceSigns?)]]) -> DeviceSigns? {
        guard [.tablet, .page].contains(role(of: end)) else { return nil }
        return (own[end.id] ?? []).compactMap(\.signs).filter { $0.last.isPlugged != nil || $0.last.charge != nil }.max { $0.last.at < $1.last.at }
    }

    /// On their battery, or without a sound; who goes silent first stands first.
    private func weak(in town: Town) -> [WeakDevice] {
        let now = clock()
        return devices.inUse(of: town.id).compactMap { device, signs -> WeakDevice? in
            guard let signs, signs.isOnBattery || signs.last.isMute || signs.last.examUntil.map({ $0 > now }) ?? false, now.timeIntervalSince(signs.last.at) <= DeviceSigns.missedAfter else { return nil }
            guard let end = town.endpoints.first(where: { $0.id == device.site && [.tablet, .page].contains(role(of: $0)) }) else { return nil }
            return WeakDevice(device: device, end: end, signs: signs)
        }.sorted { ($0.signs.silentAt ?? .distantFuture, $0.signs.last.charge ?? 101, $0.device.id) < ($1.signs.silentAt ?? .distantFuture, $1.signs.last.charge ?? 101, $1.device.id) }
    }

    /// Over all towns.
    package var lostVoices: Int { voiceBoard.withLock { $0.lostCount } }
}
