import AlertModel
import ChannelKit

/// Where the spot stands and where its shelters lie, seen from above with north at the top: drawn from coordinates alone, so that it is
/// there where no server of maps is, and on paper. Whoever does not see it has the same in words beside each name.
struct PortalMap {
    struct Mark: Hashable {
        var number: Int
        /// Of the drawing, from its upper left corner.
        var x, y: Int
        var isFull: Bool
    }

    /// Shelters that are drawn: more than a phone's width can keep apart help nobody.
    static let limit = 5
    /// Nearer than this is the same building; farther than the other nobody walks.
    static let walk = 30.0...20_000.0
    private static let (width, height) = (320, 220)
    /// From the middle to where the outermost mark stands.
    private static let (reachX, reachY) = (140.0, 84.0)
    /// Metres across half of the drawing, at the least: two houses side by side are not drawn as a journey.
    private static let least = 300.0
    /// Between the middles of two marks.
    private static let apart = 22

    let marks: [Mark]
    private let metresPerPoint: Double

    /// - Parameter ways: of each shelter in the order of the list, at most `limit` of them.
    init(_ ways: [(way: Way, isFull: Bool)]) {
        let ways = ways.prefix(Self.limit)
        let farthest = ways.map { max(abs($0.way.east) / Self.reachX, abs($0.way.north) / Self.reachY) }.max() ?? 0
        let scale = max(farthest, Self.least / Self.reachX)
        var placed: [Mark] = []
        for (index, one) in ways.enumerated() {
            // Within the reach, by the scale.
            let (x, y) = (Self.width / 2 + Int((one.way.east / scale).rounded()), Self.height / 2 - Int((one.way.north / scale).rounded()))
            let free = Self.places.first { Self.isFree(x + $0.x, y + $0.y, placed) } ?? (0, 0)
            placed.append(Mark(number: index + 1, x: x + free.x, y: y + free.y, isFull: one.isFull))
        }
        marks = placed
        metresPerPoint = scale
    }

    /// Where a mark goes whose place is taken, the nearest first.
    private static let places: [(x: Int, y: Int)] = {
        let steps = [0, -apart, apart, -2 * apart, 2 * apart]
        let all: [(x: Int, y: Int)] = steps.flatMap { x in steps.map { y in (x: x, y: y) } }
        func length(_ place: (x: Int, y: Int)) -> Int { place.x * place.x + place.y * place.y }
        return all.enumerated().sorted { (length($0.element), $0.offset) < (length($1.element), $1.offset) }.map(\.element)
    }()

    /// The middle is taken, too: the spot stands there.
    private static func isFree(_ x: Int, _ y: Int, _ placed: [Mark]) -> Bool {
        guard (12...width - 12).contains(x), (12...height - 12).contains(y) else { return false }
        return (placed.map { ($0.x, $0.y) } + [(width / 2, height / 2)]).allSatisfy { abs($0 - x) >= apart || abs($1 - y) >= apart }
    }

    /// A length that is easily said, and how long it is drawn.
    var bar: (metres: Int, points: Int) {
        let metres = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].last { Double($0) / metresPerPoint <= 100 } ?? 50
        // A hundred at the most.
        return (metres, Int((Double(metres) / metresPerPoint).rounded()))
    }

    /// Where the spot's name stands: below it, or above where a number is in the way.
    var nameLine: Int {
        let (x, y) = (Self.width / 2, Self.height / 2)
        // Half a name of eight letters, and the lines that a number and a name take.
        let isTaken = marks.contains { abs($0.x - x) < 70 && (y + 2...y + 40).contains($0.y) }
        return isTaken ? y - 13 : y + 26
    }

    /// - Parameters:
    ///   - here: the spot's name.
    ///   - north: the word for it.
    func svg(here: String, north: String) -> String {
        let (middleX, middleY) = (Self.width / 2, Self.height / 2)
        let lines = marks.map { "M\(middleX) \(middleY)L\($0.x) \($0.y)" }.joined()
        let dots = marks.map { mark in
            #"<circle cx="\#(mark.x)" cy="\#(mark.y)" r="11"\#(mark.isFull ? "" : #" class="o""#)/><text x="\#(mark.x)" y="\#(mark.y + 5)"\#(mark.isFull ? "" : #" class="o""#)>\#(mark.number)</text>"#
        }.joined()
        let bar = bar
        let length = Way.distance(Double(bar.metres))
        return """
            <svg class="map" viewBox="0 0 \(Self.width) \(Self.height)" aria-hidden="true"><path class="r" d="\(lines)"/>\
            <circle class="s" cx="\(middleX)" cy="\(middleY)" r="7"/><text x="\(middleX)" y="\(nameLine)">\(HTML.text(String(here.prefix(16))))</text>\(dots)\
            <path d="M292 6l7 20-7-5-7 5z"/><text x="292" y="42">\(HTML.text(north))</text>\
            <path class="b" d="M10 206v6h\(bar.points)v-6"/><text class="l" x="10" y="202">\(length)</text></svg>
            """
    }
}

/// From the spot to a shelter, as a bird flies.
struct Way: Hashable {
    /// Metres.
    var east, north: Double

    var metres: Double { (east * east + north * north).squareRoot() }
    /// One of eight, from north by east.
    var direction: Int {
        // In eighths of a turn by the tangent of an eighth's half: no angle is needed to tell eight directions apart.
        let (x, y) = (abs(east), abs(north)), narrow = 0.414_213_562
        if x <= y * narrow { return north >= 0 ? 0 : 4 }
        if y <= x * narrow { return east >= 0 ? 2 : 6 }
        return north >= 0 ? (east >= 0 ? 1 : 7) : (east >= 0 ? 3 : 5)
    }

    init(east: Double, north: Double) { (self.east, self.north) = (east, north) }

    /// Within a town the ground is flat: along the meridian, and along the parallel between the two.
    init(from here: Coordinate, to there: Coordinate) {
        let middle = (here.latitude + there.latitude) / 2
        let up = here.distance(to: Coordinate(latitude: there.latitude, longitude: here.longitude)) * 1_000
        let across = Coordinate(latitude: middle, longitude: here.longitude).distance(to: Coordinate(latitude: middle, longitude: there.longitude)) * 1_000
        self.init(east: there.longitude < here.longitude ? -across : across, north: there.latitude < here.latitude ? -up : up)
    }

    /// 350 m, 1.2 km: rounded, since people walk around blocks.
    static func distance(_ metres: Double) -> String {
        // Twenty kilometres at the most: `PortalMap.walk`.
        if metres < 100 { return "\(max(10, Int((metres / 10).rounded()) * 10)) m" }
        if metres < 950 { return "\(Int((metres / 50).rounded()) * 50) m" }
        // Nobody walks more, as above.
        let tenths = Int((metres / 100).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) km" : "\(tenths / 10).\(tenths % 10) km"
    }
}
