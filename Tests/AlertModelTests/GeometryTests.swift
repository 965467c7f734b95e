import Chance
import Testing

@testable import AlertModel

@Suite("Shapes against the outline of a town")
struct GeometryTests {
    private func square(_ south: Double, _ west: Double, _ size: Double) -> Shape {
        .polygon(
            [(0.0, 0.0), (size, 0), (size, size), (0, size), (0, 0)].map {
                Coordinate(latitude: south + $0.0, longitude: west + $0.1)
            })
    }

    /// A star around `centre`: simple by construction, its corners at rising angles.
    private func star(_ centre: Coordinate, _ reach: Double, _ numbers: inout Dice) -> [Coordinate] {
        let corners = Int.random(in: 3...40, using: &numbers)
        var points: [Coordinate] = []
        for corner in 0..<corners {
            let length = Double.random(in: reach / 3...reach, using: &numbers)
            let (east, north) = Self.direction(Double(corner) / Double(corners))
            points.append(
                Coordinate(latitude: centre.latitude + length * north, longitude: centre.longitude + length * east))
        }
        return points + [points[0]]
    }

    /// A point on the unit diamond: as good as a circle for angles that rise.
    private static func direction(_ share: Double) -> (Double, Double) {
        let quarter = share * 4
        switch quarter {
        case ..<1: return (1 - quarter, quarter)
        case ..<2: return (1 - quarter, 2 - quarter)
        case ..<3: return (quarter - 3, 2 - quarter)
        default: return (quarter - 3, quarter - 4)
        }
    }

    private func middle(_ numbers: inout Dice) -> Coordinate {
        Coordinate(latitude: .random(in: 24...45, using: &numbers), longitude: .random(in: 123...146, using: &numbers))
    }

    @Test(
        "Reading refuses what is no shape",
        arguments: [
            "1,1 1,2 2,2", "1,1 1,2 2,2 2,1", "91,1 1,2 2,2 91,1", "1,181 1,2 2,2 1,181", "a,b 1,2 2,2 a,b", "1 1 2 2",
            "1e1,1 1,2 2,2 1e1,1", "nan,1 1,2 2,2 nan,1", "", "1,1,1 1,2 2,2 1,1,1",
        ])
    func unreadable(text: String) {
        #expect(throws: ShapeError.self) { try Shape(polygon: text) }
    }

    @Test(
        "A circle is a point and kilometres",
        arguments: ["1,1", "1,1 -1", "1,1 x", "1,1 1 1", "", "139,35 1", "1,1 inf"])
    func unreadableCircles(text: String) {
        #expect(throws: ShapeError.self) { try Shape(circle: text) }
    }

    @Test("More points than the limit are refused")
    func tooMany() {
        #expect(throws: ShapeError.self) { try Shape(polygon: String(repeating: "1,1 ", count: Shape.pointLimit + 1)) }
    }

    @Test("Corners, sides and the inside belong to a polygon")
    func edges() {
        let square = square(35, 139, 1)
        for (latitude, longitude) in [(35.0, 139.0), (35.5, 139), (36, 140), (35.5, 139.5), (36, 139.3)] {
            #expect(square.contains(Coordinate(latitude: latitude, longitude: longitude)))
        }
        for (latitude, longitude) in [(34.999, 139.5), (35.5, 140.001), (36.001, 140.001)] {
            #expect(!square.contains(Coordinate(latitude: latitude, longitude: longitude)))
        }
    }

    @Test("Polygons meet when they touch, hold each other or cross without a corner inside")
    func meetings() throws {
        #expect(square(35, 139, 1).intersects(square(36, 140, 1)))
        #expect(square(35, 139, 1).intersects(square(35.4, 139.4, 0.1)))
        #expect(square(35.4, 139.4, 0.1).intersects(square(35, 139, 1)))
        #expect(!square(35, 139, 1).intersects(square(36.01, 139, 1)))
        let tall = try Shape(polygon: "34,139.4 37,139.4 37,139.6 34,139.6 34,139.4")
        let wide = try Shape(polygon: "35.4,138 35.6,138 35.6,141 35.4,141 35.4,138")
        #expect(tall.intersects(wide) && wide.intersects(tall))
        // A U around another one, sharing its box but no ground.
        let bay = try Shape(polygon: "35,139 36,139 36,139.2 35.2,139.2 35.2,139.8 36,139.8 36,140 35,140 35,139")
        #expect(!bay.intersects(square(35.4, 139.4, 0.2)))
    }

    @Test("The date line is a line like any other")
    func dateLine() throws {
        let fiji = try Shape(polygon: "-18,179 -16,179 -16,-179 -18,-179 -18,179")
        #expect(fiji.contains(Coordinate(latitude: -17, longitude: 180)))
        #expect(fiji.contains(Coordinate(latitude: -17, longitude: -179.5)))
        #expect(!fiji.contains(Coordinate(latitude: -17, longitude: 0)))
        #expect(fiji.intersects(try Shape(polygon: "-17.5,-179.9 -16.5,-179.9 -16.5,-179.2 -17.5,-179.9")))
        #expect(fiji.intersects(.circle(centre: Coordinate(latitude: -17, longitude: -178.9), radius: 20)))
    }

    @Test("A degree of latitude has 111.2 kilometres, one of longitude less the further north")
    func distances() {
        let origin = Coordinate(latitude: 0, longitude: 139)
        #expect(abs(origin.distance(to: Coordinate(latitude: 1, longitude: 139)) - 111.195) < 0.001)
        let sendai = Coordinate(latitude: 60, longitude: 139)
        #expect(abs(sendai.distance(to: Coordinate(latitude: 60, longitude: 140)) - 55.6) < 0.05)
    }

    @Test("What lies in a star is met by every shape that holds it")
    func stars() {
        var numbers = Dice(seed: 11)
        for _ in 0..<300 {
            let centre = middle(&numbers)
            let points = star(centre, 0.5, &numbers)
            let shape = Shape.polygon(points)
            #expect(shape.contains(centre))
            #expect(shape.intersects(shape))
            let smaller = Shape.polygon(
                points.map {
                    Coordinate(
                        latitude: centre.latitude + ($0.latitude - centre.latitude) / 2,
                        longitude: centre.longitude + ($0.longitude - centre.longitude) / 2)
                })
            #expect(shape.intersects(smaller) && smaller.intersects(shape))
            for corner in points { #expect(shape.contains(corner)) }
            let away = Shape.polygon(points.map { Coordinate(latitude: $0.latitude, longitude: $0.longitude + 1.01) })
            #expect(!shape.intersects(away))
        }
    }

    @Test("Meeting is mutual, and agrees with points sown over both")
    func symmetry() {
        var numbers = Dice(seed: 12)
        for _ in 0..<300 {
            let centre = middle(&numbers)
            let near = Coordinate(
                latitude: centre.latitude + .random(in: -0.8...0.8, using: &numbers),
                longitude: centre.longitude + .random(in: -0.8...0.8, using: &numbers))
            let one = Shape.polygon(star(centre, 0.5, &numbers))
            let two = Shape.polygon(star(near, 0.5, &numbers))
            let meet = one.intersects(two)
            #expect(meet == two.intersects(one))
            for _ in 0..<200 where !meet {
                let point = Coordinate(
                    latitude: centre.latitude + .random(in: -0.5...0.5, using: &numbers),
                    longitude: centre.longitude + .random(in: -0.5...0.5, using: &numbers))
                #expect(!(one.contains(point) && two.contains(point)))
            }
        }
    }

    @Test("A circle meets a polygon from the radius on that reaches its nearest point")
    func circles() {
        var numbers = Dice(seed: 13)
        for _ in 0..<300 {
            let centre = middle(&numbers)
            let points = star(centre, 0.3, &numbers)
            let shape = Shape.polygon(points)
            let eye = Coordinate(
                latitude: centre.latitude + .random(in: -1...1, using: &numbers),
                longitude: centre.longitude + .random(in: -1...1, using: &numbers))
            // The nearest of many points along the line, by great circles: an upper bound of the distance.
            var nearest = Double.infinity
            for (start, end) in zip(points, points.dropFirst()) {
                for step in 0...50 {
                    let share = Double(step) / 50
                    nearest = min(
                        nearest,
                        eye.distance(
                            to: Coordinate(
                                latitude: start.latitude + (end.latitude - start.latitude) * share,
                                longitude: start.longitude + (end.longitude - start.longitude) * share)))
                }
            }
            #expect(shape.intersects(.circle(centre: eye, radius: nearest * 1.01 + 0.05)))
            if !shape.contains(eye), nearest > 2 {
                #expect(!shape.intersects(.circle(centre: eye, radius: nearest * 0.9 - 0.6)))
            }
            #expect(shape.intersects(.circle(centre: eye, radius: 0)) == shape.contains(eye))
        }
    }

    @Test("A town of islands is met by what touches one of them")
    func outline() {
        func ring(_ south: Double, _ west: Double) -> [Coordinate] {
            [(0.0, 0.0), (0.1, 0), (0.1, 0.1), (0, 0.1)].map {
                Coordinate(latitude: south + $0.0, longitude: west + $0.1)
            }
        }
        let town = [ring(35, 139), ring(34, 139.5), []]
        #expect(square(34.05, 139.55, 0.01).intersects(outline: town))
        #expect(!square(34.5, 139.5, 0.1).intersects(outline: town))
        #expect(
            Shape.circle(centre: Coordinate(latitude: 35.05, longitude: 139.05), radius: 0).intersects(outline: town))
        #expect(!square(35, 139, 1).intersects(outline: []))
    }

    @Test("Nonsense is answered with no, not with a crash")
    func nonsense() {
        let broken = Coordinate(latitude: .nan, longitude: .infinity)
        let shape = Shape.polygon([broken, broken, broken, broken])
        #expect(!shape.contains(Coordinate(latitude: 35, longitude: 139)))
        #expect(!shape.intersects(square(35, 139, 1)) && !square(35, 139, 1).intersects(shape))
        #expect(!Shape.circle(centre: broken, radius: 10).intersects(square(35, 139, 1)))
        #expect(!Shape.polygon([]).intersects(square(35, 139, 1)))
    }
}
