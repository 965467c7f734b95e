/// Places that an alert would not reach this minute, and devices that will soon be silent; with a notice for their people, which nobody has sent.
internal import AlertModel
internal import Devices
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Voices: Encodable {
        struct Power: Encodable {
            var charge: Int?
            var plugged: Bool?
            var silent_at: String?
            var at: String

            init(_ signs: DeviceSigns) {
                (charge, plugged) = (signs.last.charge, signs.last.isPlugged)
                silent_at = signs.silentAt.map { JapanTime.text($0, milliseconds: false) }
                at = JapanTime.text(signs.last.at, milliseconds: false)
            }
        }
        struct Place: Encodable {
            var channel, endpoint, name: String
            var district, phone, since, heard_at, words: String?
            /// Absent where they are not so.
            var since_at_latest, since_before_restart: Bool?
            var power: Power?
        }
        struct Weak: Encodable {
            var channel, endpoint, name, device: String
            /// `tablet` or `edge`.
            var role: String
            var charge: Int?
            var plugged: Bool?
            var mute: Bool
            /// Silent on purpose until then.
            var exam_until: String?
            var silent_at: String?
            var at: String
        }
        struct Draft: Encodable { var title, body: String }

        var every_seconds: Int
        var asked_at: String?
        var asked, heard: Int
        var lost, nobody: [Place]
        var weak: [Weak]
        var draft: Draft?

        init(_ voices: TownVoices) {
            func text(_ date: Date?) -> String? { date.map { JapanTime.text($0, milliseconds: false) } }
            every_seconds = Int(VoiceBoard.every)
            (asked_at, asked, heard) = (text(voices.asked), voices.count, voices.heard)
            lost = voices.lost.map {
                Place(
                    channel: $0.end.channel, endpoint: $0.end.id, name: $0.end.name, district: $0.end.district, phone: $0.phone, since: text($0.voice.since),
                    heard_at: text($0.voice.heard), words: $0.voice.words, since_at_latest: $0.voice.isAtLatest ? true : nil,
                    since_before_restart: $0.voice.isFromBefore ? true : nil, power: $0.power.map { Power($0) })
            }
            nobody = voices.nobody.map { Place(channel: $0.channel, endpoint: $0.id, name: $0.name, district: $0.district) }
            weak = voices.weak.map {
                Weak(
                    channel: $0.end.channel, endpoint: $0.end.id, name: $0.end.name, device: $0.device.name, role: $0.device.isEdge ? "edge" : "tablet",
                    charge: $0.signs.last.charge, plugged: $0.signs.last.isPlugged, mute: $0.signs.last.isMute, exam_until: text($0.signs.last.examUntil), silent_at: text($0.signs.silentAt),
                    at: JapanTime.text($0.signs.last.at, milliseconds: false))
            }
            draft = voices.draft.map { Draft(title: $0.title, body: $0.body) }
        }
    }

    func addVoices(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/voices") { _, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(Voices(hub.voices(of: town)))
        }
    }
}
