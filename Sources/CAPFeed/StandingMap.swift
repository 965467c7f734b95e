/// What stands in a town as GeoJSON (RFC 7946), for maps of others: alerts in force, districts under an order, shelters that are open or full.
///
/// Longitude first, degrees of WGS 84, six decimals (11.2: a tenth of a metre); rings closed, the outer one counterclockwise (3.1.6). A geometry
/// says only what is known: where a district has no place its feature has none (`null`, 3.2), and is there all the same. Real and drill are
/// two collections, and each feature of a drill says so in its title.
package import AlertModel
internal import Crypto
package import FoundationEssentials

package struct StandingMap: Sendable {
    /// One district under one order.
    package struct Order: Sendable {
        package var district, hazard: String
        package var level: Int
        package var since: Date
        package var until: Date?

        package init(district: String, hazard: String, level: Int, since: Date, until: Date?) {
            (self.district, self.hazard, self.level, self.since, self.until) = (district, hazard, level, since, until)
        }
    }

    /// One shelter whose state somebody has said.
    package struct House: Sendable {
        package var id, name, state: String
        package var note: String?
        package var since: Date

        package init(id: String, name: String, state: String, note: String?, since: Date) {
            (self.id, self.name, self.state, self.note, self.since) = (id, name, state, note, since)
        }
    }

    /// Alerts, the newest first; districts, the gravest first; shelters. What is beyond is left out and counted (`left_out`).
    package static let alertLimit = AlertFeed.entryLimit, orderLimit = 1000, houseLimit = 2000
    /// Positions of all geometries together: beyond it further outlines are left out. 20,000 are half a megabyte.
    package static let positionLimit = 20_000

    package let town: Town
    package let mode: ModeName
    package let alerts: [AlertFeed.Entry]
    package let orders: [Order]
    package let houses: [House]

    package init(town: Town, mode: ModeName, alerts: [AlertFeed.Entry], orders: [Order], houses: [House]) {
        (self.town, self.mode, self.alerts, self.orders, self.houses) = (town, mode, alerts, orders, houses)
    }

    /// The same octets for the same state.
    package func octets() throws -> [UInt8] {
        var room = Self.positionLimit
        var features: [Feature] = []
        for entry in alerts.sorted(by: { ($0.content.sent, $0.content.id) > ($1.content.sent, $1.content.id) }).prefix(Self.alertLimit) {
            let shape = Shape(of: entry.content, in: town)
            let fits = shape.map { $0.positions <= room } ?? true
            room -= fits ? shape?.positions ?? 0 : 0
            features.append(Feature(entry, fits ? shape : nil, mode))
        }
        for order in orders.prefix(Self.orderLimit) { features.append(Feature(order, Shape.point(middle(of: order.district)), mode)) }
        let places = Dictionary(town.shelters.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for house in houses.prefix(Self.houseLimit) { features.append(Feature(house, places[house.id], mode)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(Collection(
            town: .init(code: town.id.code, name: town.name, roman_name: town.romanName), mode: mode.rawValue,
            title: DrillTitle.marked(town.name + " いま出ている情報", mode), features: features,
            left_out: max(0, alerts.count - Self.alertLimit) + max(0, orders.count - Self.orderLimit) + max(0, houses.count - Self.houseLimit))))
    }

    /// For `ETag`: the same for the same octets.
    package static func tag(_ octets: [UInt8]) -> String {
        "\"" + SHA256.hash(data: octets).prefix(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    }

    /// Nobody has drawn districts: where their shelters stand is where they are.
    private func middle(of district: String) -> Coordinate? {
        let points = town.shelters.filter { $0.district == district }.compactMap(\.place)
        guard !points.isEmpty else { return nil }
        let count = Double(points.count)
        return Coordinate(latitude: points.map(\.latitude).reduce(0, +) / count, longitude: points.map(\.longitude).reduce(0, +) / count)
    }

    // MARK: Its form

    private struct Collection: Encodable {
        struct Place: Encodable { var code, name, roman_name: String }
        let type = "FeatureCollection"
        let town: Place
        let mode, title: String
        let features: [Feature]
        let left_out: Int
        enum CodingKeys: CodingKey { case type, town, mode, title, features, left_out }
    }

    private struct Feature: Encodable {
        let type = "Feature"
        let id: String
        let geometry: Shape?
        let properties: Properties

        enum CodingKeys: CodingKey { case type, id, geometry, properties }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(type, forKey: .type)
            try container.encode(id, forKey: .id)
            // Always there: null where no place is known (3.2).
            try container.encode(geometry, forKey: .geometry)
            try container.encode(properties, forKey: .properties)
        }

        init(_ entry: AlertFeed.Entry, _ shape: Shape?, _ mode: ModeName) {
            let content = entry.content
            id = "alert/" + content.id.text
            geometry = shape
            properties = Properties(
                what: "alert", mode: mode.rawValue, title: DrillTitle.marked(entry.headline ?? content.headline ?? content.title, mode), event: content.event.text,
                kind: content.kind.rawValue, sender: content.sender, since: JapanTime.text(content.sent, milliseconds: false), until: JapanTime.text(content.expires, milliseconds: false))
        }

        init(_ order: Order, _ shape: Shape?, _ mode: ModeName) {
            id = "order/\(order.hazard)/\(order.district)"
            geometry = shape
            let name = EvacuationOrder.Level(rawValue: order.level)?.name ?? "警戒レベル\(order.level)"
            properties = Properties(
                what: "order", mode: mode.rawValue, title: DrillTitle.marked("\(order.district)　\(name)", mode), district: order.district, hazard: order.hazard, level: order.level,
                since: JapanTime.text(order.since, milliseconds: false), until: order.until.map { JapanTime.text($0, milliseconds: false) })
        }

        init(_ house: House, _ shelter: Shelter?, _ mode: ModeName) {
            id = "shelter/" + house.id
            geometry = Shape.point(shelter?.place)
            properties = Properties(
                what: "shelter", mode: mode.rawValue, title: DrillTitle.marked(house.name, mode), state: house.state, address: shelter?.address, note: house.note,
                fitness: shelter?.fitnessWords, since: JapanTime.text(house.since, milliseconds: false))
        }
    }

    private struct Properties: Encodable {
        var what, mode, title: String
        var event, kind, sender, district, hazard: String?
        var level: Int?
        var state, address, note: String?
        var fitness: [String: String]?
        var since: String
        var until: String?
    }
}

/// A geometry of RFC 7946.
struct Shape: Encodable, Equatable {
    enum Kind: Equatable {
        case point([Double])
        /// Each one outer ring.
        case polygons([[[Double]]])
    }
    let kind: Kind

    var positions: Int {
        switch kind {
        case .point: 1
        case .polygons(let rings): rings.map(\.count).reduce(0, +)
        }
    }

    static func point(_ place: Coordinate?) -> Shape? { place.map { Shape(kind: .point(position($0))) } }

    /// What a source drew; else the outline, where it is about the whole town; nil where districts are named or no outline is known.
    init?(of content: AlertContent, in town: Town) {
        let drawn = content.areas.filter { $0.scheme == .polygon }.compactMap { Self.ring(Self.positions($0.code)) }
        var isPart = false
        if case .evacuation(let order) = content.detail { isPart = !order.districts.isEmpty && !order.districts.contains(where: EvacuationOrder.wholeTown.contains) }
        let rings = !drawn.isEmpty ? drawn : isPart ? [] : town.outline.compactMap { Self.ring($0.map(Self.position)) }
        guard !rings.isEmpty else { return nil }
        kind = .polygons(rings)
    }

    private init(kind: Kind) { self.kind = kind }

    /// CAP's `latitude,longitude latitude,longitude …`.
    private static func positions(_ text: String) -> [[Double]] {
        text.split(separator: " ").compactMap { pair in
            let numbers = pair.split(separator: ",").compactMap { Double($0) }
            guard numbers.count == 2, let latitude = numbers.first, let longitude = numbers.last, abs(latitude) <= 90, abs(longitude) <= 180 else { return nil }
            return position(Coordinate(latitude: latitude, longitude: longitude))
        }
    }

    private static func position(_ place: Coordinate) -> [Double] { [place.longitude, place.latitude].map { ($0 * 1e6).rounded() / 1e6 } }

    /// Closed, four positions or more, counterclockwise; nil for what encloses nothing.
    static func ring(_ line: [[Double]]) -> [[Double]]? {
        var ring = line.reduce(into: [[Double]]()) { if $0.last != $1 { $0.append($1) } }
        guard let first = ring.first else { return nil }
        if ring.last != first { ring.append(first) }
        guard ring.count >= 4 else { return nil }
        // Twice the area, positive where it runs counterclockwise; from the first corner, so that small rings keep their digits.
        let corners = ring.compactMap { position in position.first.flatMap { x in position.last.map { (x - (first.first ?? 0), $0 - (first.last ?? 0)) } } }
        let area = zip(corners, corners.dropFirst()).reduce(0) { $0 + ($1.0.0 * $1.1.1 - $1.1.0 * $1.0.1) }
        guard area != 0 else { return nil }
        return area > 0 ? ring : ring.reversed()
    }

    private enum CodingKeys: CodingKey { case type, coordinates }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch kind {
        case .point(let position):
            try container.encode("Point", forKey: .type)
            try container.encode(position, forKey: .coordinates)
        case .polygons(let rings):
            try container.encode("MultiPolygon", forKey: .type)
            try container.encode(rings.map { [$0] }, forKey: .coordinates)
        }
    }
}
