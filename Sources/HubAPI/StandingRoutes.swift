internal import AlertModel
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import Memories
internal import Web
internal import Serving

/// Who is under which level now.
extension HubRouter {
    func addStanding(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/standing") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let mode = try Self.mode(request)
            let table = hub.standing(of: town.id, mode)
            let tag = "\"\(table.version)\""
            if EntityTags(request.headers[.ifNoneMatch])?.contains(tag) == true {
                return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "no-store"])
            }
            return try Answer.json(
                StandingShape(table, of: town.id, mode, districts: town.districts), headers: [.eTag: tag])
        }
    }

    static func mode(_ request: Request) throws(Problem) -> ModeName {
        guard let written = request.uri.queryParameters["mode"] else { return .actual }
        guard let mode = ModeName(rawValue: String(written)) else {
            throw Problem(.badRequest, "mode は actual（本番）か exercise（訓練）です (mode is actual or exercise)")
        }
        return mode
    }
}

/// `GET /v1/towns/{code}/standing`: only what is in force.
struct StandingShape: Encodable {
    struct District: Encodable {
        var district, hazard: String
        var level: Int
        var level_name, since, by, event, alert: String
        var until: String?
        var reason: String?
    }

    struct Shelter: Encodable { var id, name, state, since, alert: String }

    struct Headquarters: Encodable { var name, state, since, by, alert: String }

    struct Notice: Encodable { var title, since, alert: String; var until: String? }

    /// One line before and after an act; nil where nothing stands.
    struct Step: Encodable {
        var kind: String
        var district, hazard: String?
        var id: String?
        var before, after: Value?
        var before_name, after_name: String?

        enum Value: Encodable {
            case level(Int), word(String)
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .level(let level): try container.encode(level)
                case .word(let word): try container.encode(word)
                }
            }
        }

        enum CodingKeys: CodingKey { case kind, district, hazard, id, before, after, before_name, after_name }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(kind, forKey: .kind)
            try container.encodeIfPresent(district, forKey: .district)
            try container.encodeIfPresent(hazard, forKey: .hazard)
            try container.encodeIfPresent(id, forKey: .id)
            // Always there: nothing before is a fact like any other.
            try container.encode(before, forKey: .before)
            try container.encode(after, forKey: .after)
            try container.encodeIfPresent(before_name, forKey: .before_name)
            try container.encodeIfPresent(after_name, forKey: .after_name)
        }

        init(_ step: Act.Step) {
            district = step.subject.district
            hazard = step.subject.hazard
            switch step.subject {
            case .evacuation: kind = "evacuation"
            case .shelter(let shelter): (kind, id) = ("shelter", shelter)
            case .headquarters: kind = "headquarters"
            case .notice(let event): (kind, id) = ("notice", event.text)
            }
            (before, before_name) = Self.value(step.before)
            (after, after_name) = Self.value(step.after)
        }

        private static func value(_ row: Act.Row?) -> (Value?, String?) {
            switch row?.state {
            case nil: (nil, nil)
            case .level(let level): (.level(level), EvacuationOrder.Level(rawValue: level)?.name)
            case .shelter(let notice): (.word(notice.state.rawValue), nil)
            case .headquarters(let seat): (.word(seat.state.rawValue), nil)
            case .notice(let notice): (.word(notice.title), nil)
            }
        }
    }

    var town, mode: String
    var version: Int
    var districts: [District]
    var shelters: [Shelter]
    var headquarters: Headquarters?
    var notices: [Notice]

    enum CodingKeys: CodingKey { case town, mode, version, districts, shelters, headquarters, notices }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(town, forKey: .town)
        try container.encode(mode, forKey: .mode)
        try container.encode(version, forKey: .version)
        try container.encode(districts, forKey: .districts)
        try container.encode(shelters, forKey: .shelters)
        try container.encode(headquarters, forKey: .headquarters)
        try container.encode(notices, forKey: .notices)
    }

    init(_ table: Standing, of town: TownID, _ mode: ModeName, districts: [String]) {
        self.town = town.code
        self.mode = mode.rawValue
        version = table.version
        self.districts = table.orders(in: districts).compactMap { row in
            guard let level = row.state.level else { return nil }
            return District(
                district: row.subject.district ?? "", hazard: row.subject.hazard ?? "", level: level,
                level_name: EvacuationOrder.Level(rawValue: level)?.name ?? "", since: Self.text(row.since), by: row.by,
                event: row.event.text, alert: row.act.text, until: row.until.map(Self.text), reason: row.reason)
        }
        shelters = table.shelters.compactMap { row in
            guard case .shelter(let notice) = row.state else { return nil }
            return Shelter(
                id: notice.shelter, name: notice.name, state: notice.state.rawValue, since: Self.text(row.since), alert: row.act.text)
        }
        headquarters = table.headquarters.flatMap { row in
            guard case .headquarters(let seat) = row.state else { return nil }
            return Headquarters(
                name: seat.name, state: seat.state.rawValue, since: Self.text(row.since), by: row.by, alert: row.act.text)
        }
        notices = table.notices.compactMap { row in
            guard case .notice(let notice) = row.state else { return nil }
            return Notice(title: notice.title, since: Self.text(row.since), alert: row.act.text, until: row.until.map(Self.text))
        }
    }

    private static func text(_ date: Date) -> String { JapanTime.text(date, milliseconds: false) }
}

/// Beside the sentence of a 409.
struct StandingConflictShape: Encodable, Sendable {
    var changed_by, changed_at: String?
    /// The act that came in between.
    var changed_in: String?
    var standing: StandingShape

    enum CodingKeys: CodingKey { case changed_by, changed_at, changed_in, standing }
}

extension StandingShape: Sendable {}
extension StandingShape.District: Sendable {}
extension StandingShape.Shelter: Sendable {}
extension StandingShape.Headquarters: Sendable {}
extension StandingShape.Notice: Sendable {}
