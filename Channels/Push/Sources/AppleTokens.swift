/// What we show Apple so that it knows who calls: a JWT signed with ES256 by the key of the settings ("Establishing a token-based connection to APNs").
///
/// A token is refused an hour after it was made, and so is one that follows another within twenty minutes. It is made anew after 45, and sooner only where Apple calls it
/// expired. Real hints and drills go over the same lines by the same key: the process has one token of a key.
import Crypto
import FoundationEssentials
import Synchronization

final class AppleTokens: Sendable {
    static let shared = AppleTokens()

    private struct Name: Hashable { var key: Data, keyID, team: String }

    static let renewal: TimeInterval = 45 * 60
    static let earliest: TimeInterval = 20 * 60
    /// Of each key of the settings one.
    private let made = Mutex<[Name: (text: String, made: Date)]>([:])

    func token(of settings: AppleSettings, now: Date) -> String? {
        made.withLock { made in
            // A clock that was set back does not make one more often than Apple takes them: an hour's error is Apple's to tell.
            if let known = made[Self.name(settings)], abs(now.timeIntervalSince(known.made)) < Self.renewal { return known.text }
            // The time of a clock that runs: it fits.
            let text = Tickets.token(["iss": .text(settings.team), "iat": .number(Int(now.timeIntervalSince1970))], by: settings.key, id: settings.keyID)
            made[Self.name(settings)] = text.map { ($0, now) }
            return text
        }
    }

    /// Apple calls this one expired.
    /// - Returns: false where ours is too young to be followed by another: then it is our clock.
    func isFollowed(_ text: String, of settings: AppleSettings, now: Date) -> Bool {
        made.withLock { made in
            // Of several calls under way with an old one the first has it replaced, and the others go with the new one.
            guard let known = made[Self.name(settings)], known.text == text else { return true }
            guard now.timeIntervalSince(known.made) >= Self.earliest else { return false }
            made[Self.name(settings)] = nil
            return true
        }
    }

    private static func name(_ settings: AppleSettings) -> Name { Name(key: settings.key.publicKey.rawRepresentation, keyID: settings.keyID, team: settings.team) }
}
