/// The ellipse of a CAMF message as CAP writes areas: a circle where its axes are equal, else a polygon.
import AlertModel
import Glibc

struct CAMFEllipse {
    /// Degrees, north and east positive.
    var latitude: Double
    var longitude: Double
    /// Kilometres.
    private(set) var major: Double
    private(set) var minor: Double
    /// Degrees from north to the major axis, clockwise.
    let azimuth: Double
    private let codes: (major: Int, minor: Int)

    init(latitude: Double, longitude: Double, major: Int, minor: Int, azimuth: Double) {
        self.latitude = latitude
        self.longitude = longitude
        self.azimuth = azimuth
        codes = (major, minor)
        self.major = Self.axis(major)
        self.minor = Self.axis(minor)
    }

    /// CAMF A14, A15: 32 steps, each the same factor longer, from 216.2 m to 2500 km.
    static func axis(_ code: Int) -> Double {
        0.2162 * exp(Double(code) / 31 * log(2_500_000 / 216.2))
    }

    /// CAMF C3, C4: eighths of the step below.
    mutating func refine(major: Int, minor: Int) {
        self.major -= Self.step(codes.major) * Double(major) / 8
        self.minor -= Self.step(codes.minor) * Double(minor) / 8
    }

    private static func step(_ code: Int) -> Double {
        code == 0 ? axis(0) : axis(code) - axis(code - 1)
    }

    /// Twenty-four corners; the earth is taken as flat around the centre, which at 500 km moves a corner by less
    /// than the step between two sizes of the axis.
    var area: (scheme: AreaScheme, code: String) {
        if abs(major - minor) < 0.001 {
            return (.circle, "\(Self.degrees(latitude)),\(Self.degrees(longitude)) \(Self.decimal(major, 3))")
        }
        let perDegree = 111.195
        let tilt = azimuth * .pi / 180
        let corners = (0..<24).map { corner in
            let angle = Double(corner) / 24 * 2 * .pi
            let along = major * cos(angle), across = minor * sin(angle)
            let north = (along * cos(tilt) - across * sin(tilt)) / perDegree
            let east = (along * sin(tilt) + across * cos(tilt)) / perDegree / max(0.01, cos(latitude * .pi / 180))
            return "\(Self.degrees(min(90, max(-90, latitude + north)))),\(Self.degrees(Self.wrapped(longitude + east)))"
        }
        // Twenty-four corners were made above.
        return (.polygon, (corners + [corners[0]]).joined(separator: " "))
    }

    private static func wrapped(_ longitude: Double) -> Double {
        longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude
    }

    private static func degrees(_ value: Double) -> String { decimal(value, 5) }

    private static func decimal(_ value: Double, _ places: Int) -> String {
        let scale = [1.0, 10, 100, 1_000, 10_000, 100_000][places]
        return "\((value * scale).rounded() / scale)"
    }
}
