import ArgumentParser
import Curl
import Foundation

/// Where the hub is, and whether a token may go there: over plain http it is read by whoever listens on the way.
struct HubAddress: ParsableArguments {
    @Option(help: "ハブの宛先（または NOROSHI_HUB） (the hub's address)") var hub: String?
    @Flag(help: "守られた回線に限り、ほかの機械へ http:// で送る (send over http:// to another machine: only where the line itself is protected)")
    var insecure = false
    @Option(help: "この認証局（PEM）だけを信頼する。町の証明書で応えるハブに（または NOROSHI_CACERT） (trust these authorities alone: for a hub that answers by a town's certificate)")
    var cacert: String?

    /// Whom the hub is taken for.
    func configuration(_ base: CurlConfiguration = CurlConfiguration()) -> CurlConfiguration {
        var configuration = base
        configuration.tls.authorities = cacert ?? ProcessInfo.processInfo.environment["NOROSHI_CACERT"]
        return configuration
    }

    var written: String {
        let said = hub ?? ProcessInfo.processInfo.environment["NOROSHI_HUB"] ?? "http://127.0.0.1:8480"
        return said.hasSuffix("/") ? String(said.dropLast()) : said
    }

    /// Ends the command with 64 where a token would go in clear over a line that nobody vouches for.
    func checked() throws -> String {
        let address = written
        guard !insecure, let parts = URLComponents(string: address), parts.scheme?.lowercased() != "https", !Self.isHere(parts.host ?? "") else {
            return address
        }
        throw Exit.with(
            Exit.usage, "\(address) へは送りません。http:// では、鍵（トークン）がそのまま回線を流れます。https:// を使ってください。回線そのものが守られているときだけ --insecure を付けます "
                + "(a token would go there in clear: use https://, or --insecure where the line itself is protected)")
    }

    /// This machine, over its loopback.
    static func isHere(_ host: String) -> Bool {
        let host = host.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
