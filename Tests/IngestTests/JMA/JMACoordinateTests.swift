@testable import Ingest
import Testing

@Suite("Coordinates as JMA writes them")
struct JMACoordinateTests {
    @Test("Degrees, degrees with minutes, with and without depth", arguments: [
        ("+33.2+132.4-50000/", 33.2, 132.4, -50000.0 as Double?),
        ("+3447.1+13829.9-23000/", 34.785, 138.498333, -23000),
        ("+3624.38+13831.38+2568/", 36.406333, 138.523, 2568),
        ("+2405+17235/", 24.083333, 172.583333, nil),
        ("+56.7+161.4/", 56.7, 161.4, nil),
        ("-36.1-072.6/", -36.1, -72.6, nil),
        ("+38.2+141.9+0/", 38.2, 141.9, 0),
    ])
    func reads(text: String, latitude: Double, longitude: Double, height: Double?) throws {
        let point = try #require(JMACoordinate(text))
        #expect(abs(point.latitude - latitude) < 1e-5)
        #expect(abs(point.longitude - longitude) < 1e-5)
        #expect(point.height == height)
    }

    @Test("What is no place is none", arguments: [
        "", "/", "+", "+38.2", "+38.2+", "38.2+141.9", "+99.9+141.9/", "+38.2+181/", "+3860+14100/", "+38.2+141.9-1-2/",
        "NaN", "+38.2+141.9 -10", "+1.2.3+4/", "+99999999999999999999+1/",
    ])
    func refuses(text: String) {
        #expect(JMACoordinate(text) == nil)
    }
}
