/// Whether ground that an alert speaks of and ground of a town have something in common.
///
/// For towns and for what concerns them: tens of kilometres, a prefecture at most. The sides of a polygon are straight
/// in latitude and longitude, as every issuer draws them on a map. Touching counts: a warning too many at the edge is
/// better than one too few. A line that crosses itself encloses what an odd number of its turns enclose.

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension Shape {
    /// Mean radius of the earth in kilometres (IUGG, R1). The ellipsoid differs from the sphere by 0.6 % at most.
    static let earthRadius = 6371.0088

    public func contains(_ point: Coordinate) -> Bool {
        switch self {
        case .polygon(let points): Ring(points)?.contains(point) ?? false
        case .circle(let centre, let radius): centre.distance(to: point) <= radius
        }
    }

    public func intersects(_ other: Shape) -> Bool {
        switch (self, other) {
        case (.polygon(let mine), .polygon(let theirs)):
            guard let mine = Ring(mine), let theirs = Ring(theirs) else { return false }
            return mine.intersects(theirs)
        case (.polygon(let points), .circle(let centre, let radius)),
            (.circle(let centre, let radius), .polygon(let points)):
            guard let ring = Ring(points) else { return false }
            return ring.intersects(centre: centre, radius: radius)
        case (.circle(let mine, let radius), .circle(let theirs, let other)):
            return mine.distance(to: theirs) <= radius + other
        }
    }

    /// Whether it meets any of the lines of a town's outline (mainland and islands), closed or not.
    public func intersects(outline: [[Coordinate]]) -> Bool {
        outline.contains { line in
            guard let first = line.first, line.count <= Self.pointLimit else { return false }
            return intersects(.polygon(line.last == first ? line : line + [first]))
        }
    }
}

extension Coordinate {
    fileprivate var isFinite: Bool { latitude.isFinite && longitude.isFinite }

    /// Kilometres along the great circle (haversine).
    public func distance(to other: Coordinate) -> Double {
        let (north, east) = (other.latitude.radians - latitude.radians, other.longitude.radians - longitude.radians)
        let half =
            sin(north / 2) * sin(north / 2)
            + cos(latitude.radians) * cos(other.latitude.radians) * sin(east / 2) * sin(east / 2)
        return 2 * Shape.earthRadius * asin(min(1, half).squareRoot())
    }

    /// Kilometres east and north of `centre`: the distance to the centre is exact, whatever the distance
    /// (azimuthal equidistant projection).
    fileprivate func seen(from centre: Coordinate) -> Ring.Point {
        let east = longitude.radians - centre.longitude.radians
        let x = cos(latitude.radians) * sin(east)
        let y =
            cos(centre.latitude.radians) * sin(latitude.radians)
            - sin(centre.latitude.radians) * cos(latitude.radians) * cos(east)
        let length = (x * x + y * y).squareRoot()
        guard length > 0 else { return Ring.Point(x: 0, y: 0) }
        let scale = centre.distance(to: self) / length
        return Ring.Point(x: x * scale, y: y * scale)
    }
}

extension Double {
    fileprivate var radians: Double { self * .pi / 180 }
}

/// A closed line on the map plane, x east and y north in degrees, unrolled where it crosses 180°.
struct Ring {
    struct Point: Equatable {
        var x: Double
        var y: Double
    }

    struct Box {
        var west = Double.infinity, east = -Double.infinity, south = Double.infinity, north = -Double.infinity

        func meets(_ other: Box) -> Bool {
            west <= other.east && other.west <= east && south <= other.north && other.south <= north
        }

        mutating func add(_ point: Point) {
            (west, east) = (min(west, point.x), max(east, point.x))
            (south, north) = (min(south, point.y), max(north, point.y))
        }
    }

    let coordinates: [Coordinate]
    private(set) var points: [Point] = []
    private(set) var box = Box()

    /// Nil for fewer than four points (a closed triangle), for more than `Shape.pointLimit`, and for what is no number.
    init?(_ coordinates: [Coordinate]) {
        guard (4...Shape.pointLimit).contains(coordinates.count), coordinates.allSatisfy(\.isFinite) else { return nil }
        self.coordinates = coordinates
        points.reserveCapacity(coordinates.count)
        for coordinate in coordinates {
            // The shorter way round: a step of more than half the globe crossed 180°.
            let previous = points.last?.x ?? coordinate.longitude
            let turns = ((coordinate.longitude - previous) / 360).rounded()
            let point = Point(x: coordinate.longitude - turns * 360, y: coordinate.latitude)
            points.append(point)
            box.add(point)
        }
    }

    func contains(_ coordinate: Coordinate) -> Bool {
        let turns = (((box.west + box.east) / 2 - coordinate.longitude) / 360).rounded()
        return contains(Point(x: coordinate.longitude + turns * 360, y: coordinate.latitude))
    }

    /// Even-odd rule; a point on the line is inside.
    private func contains(_ point: Point) -> Bool {
        guard point.x >= box.west, point.x <= box.east, point.y >= box.south, point.y <= box.north else { return false }
        var isInside = false
        for index in 1..<points.count {
            let (start, end) = (points[index - 1], points[index])
            if lies(point, on: start, end) { return true }
            if (start.y > point.y) != (end.y > point.y),
                point.x < (end.x - start.x) * (point.y - start.y) / (end.y - start.y) + start.x
            {
                isInside.toggle()
            }
        }
        return isInside
    }

    /// Every side against every side that lies in both boxes: at most `pointLimit` times the points of the other.
    func intersects(_ other: Ring) -> Bool {
        var other = other
        other.shift(by: (((box.west + box.east) - (other.box.west + other.box.east)) / 720).rounded() * 360)
        guard box.meets(other.box) else { return false }
        if contains(other.points[0]) || other.contains(points[0]) { return true }
        let mine = sides(in: other.box)
        let theirs = other.sides(in: box)
        for side in mine {
            for their in theirs where side.box.meets(their.box) && cross(side.start, side.end, their.start, their.end) {
                return true
            }
        }
        return false
    }

    func intersects(centre: Coordinate, radius: Double) -> Bool {
        guard centre.isFinite else { return false }
        if contains(centre) { return true }
        let seen = coordinates.map { $0.seen(from: centre) }
        let origin = Point(x: 0, y: 0)
        return (1..<seen.count).contains { distance(of: origin, from: seen[$0 - 1], seen[$0]) <= radius }
    }

    private struct Side {
        var start: Point
        var end: Point
        var box: Box
    }

    private func sides(in window: Box) -> [Side] {
        (1..<points.count).compactMap { index in
            var box = Box()
            box.add(points[index - 1])
            box.add(points[index])
            return box.meets(window) ? Side(start: points[index - 1], end: points[index], box: box) : nil
        }
    }

    private mutating func shift(by degrees: Double) {
        guard degrees != 0 else { return }
        for index in points.indices { points[index].x += degrees }
        box.west += degrees
        box.east += degrees
    }
}

/// Twice the area of the triangle; the sign says on which side of the line a → b the point lies.
private func turn(_ a: Ring.Point, _ b: Ring.Point, _ point: Ring.Point) -> Double {
    (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x)
}

private func lies(_ point: Ring.Point, on a: Ring.Point, _ b: Ring.Point) -> Bool {
    turn(a, b, point) == 0 && point.x >= min(a.x, b.x) && point.x <= max(a.x, b.x) && point.y >= min(a.y, b.y)
        && point.y <= max(a.y, b.y)
}

private func cross(_ a: Ring.Point, _ b: Ring.Point, _ c: Ring.Point, _ d: Ring.Point) -> Bool {
    let (first, second) = (turn(a, b, c), turn(a, b, d))
    let (third, fourth) = (turn(c, d, a), turn(c, d, b))
    if (first > 0) != (second > 0), (third > 0) != (fourth > 0), first != 0, second != 0, third != 0, fourth != 0 {
        return true
    }
    return lies(c, on: a, b) || lies(d, on: a, b) || lies(a, on: c, d) || lies(b, on: c, d)
}

private func distance(of point: Ring.Point, from a: Ring.Point, _ b: Ring.Point) -> Double {
    let (x, y) = (b.x - a.x, b.y - a.y)
    let length = x * x + y * y
    let share = length == 0 ? 0 : max(0, min(1, ((point.x - a.x) * x + (point.y - a.y) * y) / length))
    let (east, north) = (a.x + share * x - point.x, a.y + share * y - point.y)
    return (east * east + north * north).squareRoot()
}
