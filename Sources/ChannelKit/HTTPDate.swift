package import Foundation

/// The Date of an answer (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is still written.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    package static func read(_ text: String) -> Date? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == ":" })
        // Eight parts, as the line itself asks first; the numbers below are five, or it is no date.
        guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: String(parts[2])) else { return nil }
        let numbers = [1, 3, 4, 5, 6].compactMap { Int(parts[$0]) }
        guard numbers.count == 5, (1...31).contains(numbers[0]), (1970...9999).contains(numbers[1]),
            (0...23).contains(numbers[2]), (0...59).contains(numbers[3]), (0...60).contains(numbers[4])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.date(from: DateComponents(
            year: numbers[1], month: month + 1, day: numbers[0], hour: numbers[2], minute: numbers[3], second: numbers[4]))
    }
}

extension HTTPAnswer {
    /// What time it is at the far end: its Date, and how long a cache on the way has kept the answer (RFC 9111, 5.1).
    package var serverTime: Date? {
        guard let said = header("Date").flatMap(HTTPDate.read) else { return nil }
        let age = header("Age").flatMap { Int($0.trimmingCharacters(in: .whitespaces)) } ?? 0
        return (0...86_400).contains(age) ? said.addingTimeInterval(Double(age)) : nil
    }
}
