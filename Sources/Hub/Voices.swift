/// Which far ends an alert would reach this minute. Each is asked every three minutes without a word that anybody could take for an
/// alert, so that a dead voice is known before it is needed.
///
///     asked ──▶ answers ──▶ heard ◀──────────────────────────────┐
///       ├─────▶ silent ──▶ asked once more ──▶ silent ──▶ lost ──┤ answers
///       └─────▶ gone ─────────────────────────────────────▶ lost ┘
///
/// One silence may be a lost packet; devices that say something every three minutes themselves and have not for five are gone. Whatever the
/// moment at which a far end dies, it is lost within `latest`.
package import AlertModel
package import FoundationEssentials

package struct VoiceKey: Sendable, Hashable {
    package var town: TownID
    package var channel, endpoint: String

    package init(_ town: TownID, _ end: Endpoint) { (self.town, channel, endpoint) = (town, end.channel, end.id) }
}

/// What was found at one far end.
package enum VoiceAnswer: Sendable, Hashable {
    case there(String)
    case silent(String)
    /// Long silent already: asking once more says nothing new.
    case gone(String)
    /// Nobody has been put there yet: no device is enrolled.
    case nobody
    /// Nothing lies beyond this hub, so there is nothing to lose.
    case inside
}

/// How the last questions to one far end ended.
package struct Voice: Sendable, Hashable {
    package enum State: String, Sendable { case heard, doubted, lost, nobody, inside }

    package internal(set) var state: State
    package internal(set) var asked: Date
    /// When it answered last; nil: never since the start.
    package internal(set) var heard: Date?
    /// Since when it does not.
    package internal(set) var since: Date?
    /// Nobody had asked it before: it may have been silent for long.
    package internal(set) var isAtLatest = false
    /// As an earlier run of this hub had it; nobody asked while none ran.
    package internal(set) var isFromBefore = false
    package internal(set) var words: String
}

package struct VoiceBoard: Sendable {
    package static let every: TimeInterval = 180
    /// Who was silent once is asked again after this.
    package static let again: TimeInterval = 45
    /// The longest from a death to the list, with the time that an answer is waited for.
    package static let latest: TimeInterval = 360

    /// What outlives a run, of a far end that is lost.
    package struct Kept: Codable, Sendable, Hashable {
        package var since: Date
        package var isAtLatest: Bool
        package var noted: Date
    }

    private var voices: [VoiceKey: Voice] = [:]
    /// Of the last run, until it is known how they stand in this one.
    private var kept: [VoiceKey: Kept] = [:]

    package init() {}

    package mutating func restore(_ kept: [VoiceKey: Kept]) { self.kept = kept }

    /// What a town no longer has. Gives those of it that were lost.
    @discardableResult
    package mutating func forget(except ends: Set<VoiceKey>) -> [VoiceKey] {
        let gone = voices.filter { !ends.contains($0.key) }
        for key in gone.keys { voices[key] = nil }
        let old = kept.keys.filter { !ends.contains($0) }
        for key in old { kept[key] = nil }
        return gone.filter { $0.value.state == .lost }.map(\.key) + old
    }

    /// Of these the ones to be asked now.
    package func due(_ ends: [VoiceKey], now: Date) -> [VoiceKey] {
        ends.filter { key in
            guard let voice = voices[key] else { return true }
            let wait = voice.state == .doubted ? Self.again : Self.every
            // A clock that was put back asks at once.
            return !(0..<wait).contains(now.timeIntervalSince(voice.asked))
        }
    }

    /// - Returns: true where it came onto the list or left it.
    @discardableResult
    package mutating func take(_ answer: VoiceAnswer, of key: VoiceKey, now: Date) -> Bool {
        let old = voices[key], wasLost = old?.state == .lost || kept[key] != nil
        var voice = Voice(state: .inside, asked: now, heard: old?.heard, since: nil, words: "")
        switch answer {
        case .there(let words): (voice.state, voice.heard, voice.words) = (.heard, now, words)
        case .nobody: voice.state = .nobody
        case .inside: break
        case .silent(let words), .gone(let words):
            let wasSilent = old?.state == .doubted || old?.state == .lost
            voice.state = if case .gone = answer { .lost } else { wasSilent ? .lost : .doubted }
            voice.words = words
            if let since = old?.since {
                (voice.since, voice.isAtLatest, voice.isFromBefore) = (since, old?.isAtLatest == true, old?.isFromBefore == true)
            } else if let heard = old?.heard {
                voice.since = heard
            } else if let kept = kept[key] {
                (voice.since, voice.isAtLatest, voice.isFromBefore) = (kept.since, kept.isAtLatest, true)
            } else {
                (voice.since, voice.isAtLatest) = (now, true)
            }
        }
        voices[key] = voice
        guard voice.state != .doubted else { return false }
        kept[key] = nil
        return wasLost != (voice.state == .lost)
    }

    /// What is to be known of it after a restart; nil where it is not lost.
    package func kept(of key: VoiceKey) -> Kept? {
        guard let voice = voices[key], voice.state == .lost, let since = voice.since else { return nil }
        return Kept(since: since, isAtLatest: voice.isAtLatest, noted: voice.asked)
    }

    package subscript(key: VoiceKey) -> Voice? { voices[key] }

    package var lostCount: Int { voices.values.reduce(0) { $0 + ($1.state == .lost ? 1 : 0) } }
}

/// A notice for the people who hear nothing from where they are: ready to be read and sent by a person, by the other ways out.
package struct VoiceDraft: Sendable, Hashable {
    package var title, body: String

    /// - Parameter places: names, each once; nil where there is none.
    package init?(_ places: [String], of town: Town, since: Date) {
        guard !places.isEmpty else { return nil }
        let time = JapanTime.parts(since)
        let named = places.prefix(8).joined(separator: "、") + (places.count > 8 ? "など\(places.count)か所" : "")
        title = "情報が届かない場所があります"
        body = """
            ラジオ、テレビ、携帯電話で情報を確かめてください。
            \(named)では、\(time.month)月\(time.day)日\(time.hour)時\(time.minute)分ごろから、\(town.name)の情報が画面に出ないことがあります。
            近くの人にも知らせてください。
            """
    }
}
