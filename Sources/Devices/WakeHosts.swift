/// The wall before what devices name as the place where they are woken: push services that are known, and hosts that whoever keeps this machine wrote down.
///
/// A device is a stranger here: with any address it likes it could make the hub call the town's own network.
package import ChannelKit

package struct WakeHosts: Sendable, Equatable {
    /// Of browsers, by 2026-11: Chrome and those made of it, Firefox, Safari, Edge. `*.` stands for one or more names before it.
    static let known = ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"]
    package static let longest = 1_000

    /// `https://push.city.example.jp`, `https://10.1.0.7:8443`; `http://127.0.0.1:8030` on this machine itself.
    private let own: Set<String>

    /// - Parameter list: origins parted by commas.
    package init(_ list: String?) throws(SettingsError) {
        var own: Set<String> = []
        for word in (list ?? "").split(separator: ",").map({ $0.filter { !$0.isWhitespace } }) {
            guard let place = Place(word), place.path.isEmpty, place.scheme == "https" || Self.isHere(place.host) else {
                throw SettingsError("hosts: 「\(word)」ではなく、https://ホスト名 か https://ホスト名:ポート を、コンマで区切って書いてください (origins, parted by commas)")
            }
            own.insert(place.origin)
        }
        self.own = own
    }

    package enum Verdict: Sendable, Equatable { case known, own, closed }

    package func verdict(_ endpoint: String) -> Verdict {
        guard endpoint.utf8.count <= Self.longest, let place = Place(endpoint) else { return .closed }
        if own.contains(place.origin) { return .own }
        guard place.scheme == "https", place.port == "443" else { return .closed }
        let isKnown = Self.known.contains { $0.hasPrefix("*") ? place.host.hasSuffix($0.dropFirst()) && place.host.utf8.count > $0.utf8.count - 1 : place.host == $0 }
        return isKnown ? .known : .closed
    }

    private static func isHere(_ host: String) -> Bool { host == "127.0.0.1" || host == "localhost" }

    /// An address in the narrow spelling that every reader of addresses takes apart alike: no user, no escapes in the host, no fragment.
    struct Place {
        let scheme, host, port, path: String
        var origin: String { "\(scheme)://\(host):\(port)" }

        init?(_ text: String) {
            guard let match = text.wholeMatch(of: #/(https?)://([a-z0-9](?:[a-z0-9.\-]{0,252}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?(/[!$-;=?-Z_a-z~%]*)?/#) else { return nil }
            (scheme, host) = (String(match.1), String(match.2))
            port = match.3.map(String.init) ?? (scheme == "https" ? "443" : "80")
            path = match.4.map(String.init) ?? ""
            guard !host.contains("..") else { return nil }
        }
    }
}
