import AlertModel
import ChannelKit

extension Settings {
    /// `keep_years` of a town: for how long what was said stays in the record itself. It is in its archive after that.
    func retention() throws(SettingsError) -> [TownID: Int] {
        var made: [TownID: Int] = [:]
        for town in towns {
            guard let id = TownID(town.code), let years = town.keep_years else { continue }
            guard (1...100).contains(years) else {
                throw SettingsError("town \(id): keep_years: \(years) ではなく、1から100までの年数です (keep_years: 1 to 100)")
            }
            made[id] = years
        }
        return made
    }
}
