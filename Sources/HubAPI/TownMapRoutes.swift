/// The ground of a town's map: its outline, and where its districts, shelters and far ends stand. What stands there now is said elsewhere.
internal import AlertModel
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct MapShape: Encodable {
        struct District: Encodable {
            var name: String
            /// The middle of its shelters; absent where none has a place.
            var at: [Double]?
        }
        struct House: Encodable {
            var id, name: String
            var at: [Double]?
        }
        struct Place: Encodable {
            var channel, endpoint: String
            var at: [Double]
        }
        var town: String
        /// Rings of latitude and longitude, as the settings have them.
        var outline: [[[Double]]]
        var districts: [District]
        var shelters: [House]
        var places: [Place]

        init(_ town: Town) {
            self.town = town.id.code
            outline = town.outline.map { $0.map(\.pair) }
            let places = Dictionary(town.shelters.compactMap { one in one.place.map { (one.id, $0) } }, uniquingKeysWith: { first, _ in first })
            districts = town.districts.map { name in
                District(name: name, at: Coordinate.middle(town.shelters.filter { $0.district == name }.compactMap(\.place))?.pair)
            }
            shelters = town.shelters.map { House(id: $0.id, name: $0.name, at: $0.place?.pair) }
            self.places = town.endpoints.compactMap { end in
                places[end.shelter ?? end.id].map { Place(channel: end.channel, endpoint: end.id, at: $0.pair) }
            }
        }
    }

    func addTownMap(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/map") { _, context in
            try Answer.json(MapShape(try town(try context.parameters.require("code"), for: context.person)))
        }
    }
}

extension Coordinate {
    fileprivate var pair: [Double] { [latitude, longitude] }

    /// Of points in one town: as flat as its map.
    fileprivate static func middle(_ points: [Coordinate]) -> Coordinate? {
        guard !points.isEmpty else { return nil }
        let count = Double(points.count)
        return Coordinate(latitude: points.map(\.latitude).reduce(0, +) / count, longitude: points.map(\.longitude).reduce(0, +) / count)
    }
}
