/// A point as ISO 6709 writes it: `+38.2+142.7-10000/`. Depth in metres, negative below the ground.
///
/// JMA uses decimal degrees (`+33.2`) and degrees with minutes (`+3447.1`, type 震源位置（度分）; volcanoes, typhoons);
/// the number of digits before the point tells them apart.
struct JMACoordinate: Equatable {
    var latitude: Double
    var longitude: Double
    /// Metres above (positive) or below the ground; nil where unknown.
    var height: Double?

    init?(_ text: String) {
        var fields: [Field] = []
        var octets = Array(text.utf8)[...]
        while let field = Field(&octets) { fields.append(field) }
        guard octets.isEmpty || octets.first == UInt8(ascii: "/"), fields.count == 2 || fields.count == 3,
            let latitude = fields[0].degrees(digits: 2), let longitude = fields[1].degrees(digits: 3),
            abs(latitude) <= 90, abs(longitude) <= 180
        else { return nil }
        self.latitude = latitude
        self.longitude = longitude
        height = fields.count == 3 ? fields[2].value : nil
    }

    /// A sign, digits, perhaps a point and more digits.
    private struct Field {
        var value = 0.0
        var wholeDigits = 0

        /// Takes one field from the front; nil, taking nothing, when there is none.
        init?(_ octets: inout ArraySlice<UInt8>) {
            guard let sign = octets.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
            let digits = octets.dropFirst().prefix { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
            // Ten digits and a point are more than any coordinate has.
            guard digits.count <= 16, let value = Double(String(decoding: digits, as: UTF8.self)) else { return nil }
            wholeDigits = digits.prefix { $0 != UInt8(ascii: ".") }.count
            self.value = sign == UInt8(ascii: "-") && value != 0 ? -value : value
            octets = octets[digits.endIndex...]
        }

        /// Degrees, from `DD.d`, `DDMM.m` or `DDMMSS.s` where whole degrees have `digits` digits.
        func degrees(digits: Int) -> Double? {
            if wholeDigits <= digits { return value }
            let size = abs(value)
            let sign = value < 0 ? -1.0 : 1.0
            let scale = wholeDigits == digits + 2 ? 100.0 : 10_000.0
            guard wholeDigits == digits + 2 || wholeDigits == digits + 4 else { return nil }
            let whole = (size / scale).rounded(.down)
            let rest = size - whole * scale
            if scale == 100 { return rest < 60 ? sign * (whole + rest / 60) : nil }
            let minutes = (rest / 100).rounded(.down)
            let seconds = rest - minutes * 100
            return minutes < 60 && seconds < 60 ? sign * (whole + minutes / 60 + seconds / 3600) : nil
        }
    }
}
