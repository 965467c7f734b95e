internal import AlertModel
internal import Pages
internal import ChannelKit
internal import Devices
internal import FoundationEssentials
internal import Hub
internal import Serving

/// The JSON of the interface: `snake_case`, times in RFC 3339 with offset.
struct DeliveryShape: Encodable {
    var number: Int64
    var delivery, alert, town, channel, endpoint, state, reason, sentence, priority, mode, kind, title, event: String
    var endpoints, attempts: Int
    var offered_at: String
    var settled_at: String?
    /// From the decision to the end.
    var milliseconds: Double?
    var detail, reference: String?
    var reach: [String: Int]
    /// It told devices that there is something to ask for, and nothing else: counted nowhere.
    var hint: Bool?

    init(_ line: DeliveryLine) {
        number = line.number
        delivery = line.id.text
        alert = line.alert.text
        town = line.town.code
        channel = line.channel
        endpoint = line.endpoint
        endpoints = line.endpoints
        state = line.state
        reason = line.reason
        sentence = line.sentence
        priority = line.priority.word
        mode = line.mode.rawValue
        kind = line.kind.rawValue
        title = line.title
        event = line.event.text
        attempts = line.attempts
        offered_at = JapanTime.text(line.offered)
        settled_at = line.settled.map { JapanTime.text($0) }
        milliseconds = line.isSend
            ? line.settled.map { (max(0, $0.timeIntervalSince(line.offered)) * 1_000_000).rounded() / 1000 } : nil
        detail = line.detail
        reference = line.reference
        hint = line.isHint ? true : nil
        reach = ["accepted": line.isDelivered && !line.isHint ? 1 : 0, "reached": line.reached, "shown": line.shown, "touched": line.touched]
    }
}

struct AlertShape: Encodable {
    var id, event, kind, message, mode, title, sender, type, actor: String
    var headline, town: String?
    var sent, expires, accepted_at: String
    var reported: String?
    /// Its words stand.
    var in_force: Bool
    /// How bad it is for the town that asks; only where its words stand.
    var gravity: Gravity?
    /// What it did to the town's state, and the version of it; only a person's acts.
    var change: Change?
    var standing_version: Int?
    var detail: DetailShape?
    var areas: [AreaStatement]
    var hypocentre: Hypocentre?

    init(_ alert: SaidAlert, inForce: Bool, gravity: Gravity? = nil) {
        let content = alert.content
        id = content.id.text
        event = content.event.text
        kind = content.kind.rawValue
        message = content.message.rawValue
        mode = alert.mode.rawValue
        title = content.title
        sender = content.sender
        type = content.type
        actor = alert.actor
        headline = content.headline
        town = content.town?.code
        sent = JapanTime.text(content.sent, milliseconds: false)
        expires = JapanTime.text(content.expires, milliseconds: false)
        accepted_at = JapanTime.text(alert.accepted)
        reported = content.reported.map { JapanTime.text($0, milliseconds: false) }
        in_force = inForce
        self.gravity = gravity
        change = content.act?.change
        standing_version = content.act?.version
        detail = DetailShape(content.detail)
        areas = content.areas
        hypocentre = content.hypocentre
    }
}

struct PreviewShape: Encodable {
    struct ProblemShape: Encodable {
        var rule, text: String
        var suggestion: String?
        var position, length: Int?
        var in_title: Bool
    }
    var town, channel, verdict, reason: String
    var priority: String?
    var gravity: String
    var endpoints: [String]
    var language: String?
    var title, body: String?
    var problems: [ProblemShape]
}

struct DeviceShape: Encodable {
    var id, town, site, name, role, enrolled_at, invited_by: String
    var revoked_at, last_seen: String?
    var has_key: Bool
    /// Its token alone opens nothing: it has signed by its key.
    var signs: Bool?
    /// It is woken by hints when its screen is dark.
    var woken: Bool?
    /// Whether its town's words are proven there: `ok`, `unchecked` or `doubt`; absent where it has not said.
    var seals: String?
    /// `pupil` or `staff`; absent: a place's.
    var use, group: String?
    /// As it last said of itself, and when: percent, on the mains, when it goes silent; whether its sound was unlocked; which build of its page runs.
    var battery: Int?
    var plugged, sound: Bool?
    var silent_at, page, said_at: String?
    /// Whether that is the build this hub serves.
    var page_is_current: Bool?
    /// The site at whose edge it is, where that is not its own.
    var elsewhere: String?
    /// Out of use, and not lost; and when it has proven that nothing is on it.
    var retired_at, erased_at: String?
    /// `code-used`: another tablet had its code of paper first.
    var revoked_for: String?
    /// Who has it in his hands.
    var lent_to, lent_until, lent_at, lent_by, returned_at: String?
    var overdue: Bool?
    /// Of an edge: what its certificate may say, and until when it has one.
    var hosts: [String]?
    var certificate_until: String?

    init(_ device: Device, signs told: DeviceSigns? = nil, now: Date) {
        seals = told?.last.seals?.rawValue
        woken = device.wake == nil ? nil : true
        (battery, plugged, sound) = (told?.last.charge, told?.last.isPlugged, told.map { !$0.last.isMute })
        (page, elsewhere) = (told?.last.page, told?.last.elsewhere)
        page_is_current = page.map { $0 == Pages.tabletBuild }
        silent_at = told?.silentAt.map { JapanTime.text($0, milliseconds: false) }
        said_at = told.map { JapanTime.text($0.last.at, milliseconds: false) }
        retired_at = device.retired.map { JapanTime.text($0, milliseconds: false) }
        erased_at = device.erased.map { JapanTime.text($0, milliseconds: false) }
        revoked_for = device.why?.rawValue
        (hosts, certificate_until) = (device.hosts, device.certificateEnds.map { JapanTime.text($0, milliseconds: false) })
        (use, group, signs) = (device.use?.rawValue, device.group, device.signs)
        lent_to = device.loan?.to
        lent_until = device.loan?.until.map { JapanTime.text($0, milliseconds: false) }
        lent_at = device.loan.map { JapanTime.text($0.at, milliseconds: false) }
        lent_by = device.loan?.by
        overdue = device.loan.map { $0.isOverdue(now) }
        returned_at = device.returned.map { JapanTime.text($0, milliseconds: false) }
        id = device.id
        town = device.town.code
        site = device.site
        name = device.name
        role = device.isEdge ? "edge" : "tablet"
        enrolled_at = JapanTime.text(device.enrolled, milliseconds: false)
        invited_by = device.invitedBy
        revoked_at = device.retired != nil ? nil : device.revoked.map { JapanTime.text($0, milliseconds: false) }
        last_seen = device.lastSeen.map { JapanTime.text($0, milliseconds: false) }
        has_key = device.publicKey != nil
    }
}

extension DeliveryShape {
    /// One line of JSON, for streams.
    var line: [UInt8] { (try? Answer.encoder().encode(self)).map { [UInt8]($0) } ?? [] }
}
