/// A place as a shape on the ground: a closed line of points, or a circle. As CAP writes them, latitude first.
extension Coordinate {
    /// Reads `lat,lon`. Latitude outside −90…90 usually means that the two were swapped.
    public init(text: some StringProtocol) throws(ShapeError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, let latitude = decimal(parts[0]), let longitude = decimal(parts[1]) else {
            throw ShapeError("「\(text.prefix(40))」は「緯度,経度」の組ではありません (no pair lat,lon)")
        }
        guard abs(latitude) <= 90 else {
            throw ShapeError("緯度「\(parts[0].prefix(20))」が−90〜90の外です。順は「緯度,経度」です (latitude outside −90…90)")
        }
        guard abs(longitude) <= 180 else { throw ShapeError("経度「\(parts[1].prefix(20))」が−180〜180の外です (longitude outside −180…180)") }
        self.init(latitude: latitude, longitude: longitude)
    }
}

public struct ShapeError: Error, Equatable, CustomStringConvertible {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}

public enum Shape: Sendable, Hashable {
    /// Closed: the last point repeats the first. At least four points.
    case polygon([Coordinate])
    /// Radius in kilometres, 0 is the point itself.
    case circle(centre: Coordinate, radius: Double)

    /// Points of one polygon that geometry may be asked about. The largest polygon of a real alert seen so far (a
    /// whole US state) has fewer than 12,000; beyond the limit a shape is refused, never simplified in silence.
    public static let pointLimit = 20_000

    /// Reads `lat,lon lat,lon …`: at least four points, the last one the first again.
    public init(polygon text: String) throws(ShapeError) {
        var points: [Coordinate] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            guard points.count < Self.pointLimit else { throw ShapeError("点が\(Self.pointLimit)より多くあります (too many points)") }
            points.append(try Coordinate(text: word))
        }
        guard points.count >= 4 else { throw ShapeError("点が\(points.count)しかなく、4点に足りません (fewer than four points)") }
        guard points.first == points.last else { throw ShapeError("閉じていません。最後の点が最初の点と違います (not closed)") }
        self = .polygon(points)
    }

    /// Reads `lat,lon radius`.
    public init(circle text: String) throws(ShapeError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else { throw ShapeError("「\(text.prefix(40))」は「緯度,経度 半径」ではありません (not “lat,lon radius”)") }
        guard let radius = decimal(words[1]), radius >= 0 else {
            throw ShapeError("半径「\(words[1].prefix(20))」がキロメートルの数ではありません (radius is no number of kilometres)")
        }
        self = .circle(centre: try Coordinate(text: words[0]), radius: radius)
    }
}

/// Digits, a sign, a point: no exponent, no NaN, no hexadecimal.
private func decimal(_ text: some StringProtocol) -> Double? {
    guard text.utf8.contains(where: { (0x30...0x39).contains($0) }),
        text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E })
    else { return nil }
    return Double(text)
}
