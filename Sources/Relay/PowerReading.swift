/// How the power of this machine stands: what Linux says of its batteries (`/sys/class/power_supply`), or what somebody writes into a file
/// in the form of `upsc` (Network UPS Tools 2.8), for a UPS that speaks to its own program.
///
///     battery.charge: 87
///     battery.runtime: 2400
///     ups.status: OB DISCHRG
package import Foundation

package struct PowerReading: Sendable, Hashable {
    package var charge: Int?
    package var isPlugged: Bool?
    package var minutes: Int?

    /// A file that nobody has written for so long says nothing.
    private static let longest: TimeInterval = 300

    /// - Parameter path: a folder of the kernel's kind, or a file of `upsc`'s; nil where there is nothing to be read.
    package init?(at path: String, now: Date) {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        if isFolder.boolValue {
            self.init(supplies: ((try? files.contentsOfDirectory(atPath: path)) ?? []).sorted().map { name in
                { key in (try? String(contentsOfFile: "\(path)/\(name)/\(key)", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines) }
            })
        } else {
            guard let written = (try? files.attributesOfItem(atPath: path))?[.modificationDate] as? Date, abs(now.timeIntervalSince(written)) <= Self.longest,
                let text = try? String(contentsOfFile: path, encoding: .utf8)
            else { return nil }
            self.init(upsc: text)
        }
        guard charge != nil || isPlugged != nil || minutes != nil else { return nil }
    }

    package init(upsc text: String) {
        let pairs = text.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
        let values = Dictionary(pairs, uniquingKeysWith: { $1 })
        charge = Self.percent(values["battery.charge"])
        let seconds: Double? = values["battery.runtime"].flatMap { Double($0) }
        if let seconds, (0..<1e7).contains(seconds) {
            // Within the range of the line above.
            minutes = Int(seconds / 60)
        } else {
            minutes = nil
        }
        let status = Set((values["ups.status"] ?? "").split(separator: " ").map(String.init))
        isPlugged = status.contains("OB") ? false : status.contains("OL") ? true : nil
    }

    /// Each supply is asked by the names of the kernel's files. Microwatt-hours and microamperes; time to empty in seconds.
    init(supplies: [(String) -> String?]) {
        for supply in supplies {
            // A mouse has a battery too.
            guard supply("scope") != "Device" else { continue }
            switch supply("type") {
            case "Mains", "USB":
                if let online = supply("online") { isPlugged = isPlugged == true || online == "1" }
            case "Battery", "UPS":
                charge = charge ?? Self.percent(supply("capacity"))
                if let seconds = supply("time_to_empty_now").flatMap(Int.init), seconds > 0 {
                    minutes = minutes ?? seconds / 60
                } else {
                    minutes = minutes ?? Self.minutes(supply, "energy_now", "power_now") ?? Self.minutes(supply, "charge_now", "current_now")
                }
                if isPlugged == nil { isPlugged = supply("status").flatMap { $0 == "Discharging" ? false : $0 == "Unknown" ? nil : true } }
            default: break
            }
        }
        // Until empty is said of what is being used up.
        if isPlugged != false { minutes = nil }
    }

    private static func minutes(_ supply: (String) -> String?, _ left: String, _ rate: String) -> Int? {
        guard let left = supply(left).flatMap(Double.init), let rate = supply(rate).flatMap(Double.init), left >= 0, rate > 0 else { return nil }
        let minutes = left / rate * 60
        // Between nothing and what is asked.
        return minutes < 100_000 ? Int(minutes) : nil
    }

    private static func percent(_ text: String?) -> Int? { text.flatMap(Double.init).flatMap { (0...100).contains($0) ? Int($0.rounded()) : nil } }
}
