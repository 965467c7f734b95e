internal import HTTPTypes
package import Hummingbird
package import Serving

/// What phones and computers ask a network to find out whether it holds them captive. Each waits for its own maker's
/// answer; any other one opens the small browser over the network, and that is where our page is to be.
///
/// They reach a hub or an edge when the spot's network leads all names to it. The page is that of the only spot here, or
/// a list of them.
package enum CaptiveProbe {
    /// Apple; Android and Chrome OS; Windows; Firefox; Ubuntu and GNOME; KDE; Kindle; Debian's NetworkManager; Facebook.
    package static let paths = [
        "/hotspot-detect.html", "/library/test/success.html", "/generate_204", "/gen_204", "/connecttest.txt", "/ncsi.txt",
        "/redirect", "/success.txt", "/canonical.html", "/check_network_status.txt", "/kindle-wifi/wifistub.html",
        "/nm-check.txt", "/mobile/status.php",
    ]

    /// Whom the probes ask for, and a page that people open to meet the network: nobody means our tablets' page by them.
    private static let hosts: Set<String> = [
        "captive.apple.com", "www.apple.com", "www.appleiphonecell.com", "www.airport.us", "connectivitycheck.gstatic.com", "connectivitycheck.android.com",
        "www.gstatic.com", "clients3.google.com", "www.google.com", "play.googleapis.com", "www.msftconnecttest.com", "www.msftncsi.com", "detectportal.firefox.com",
        "connectivity-check.ubuntu.com", "nmcheck.gnome.org", "networkcheck.kde.org", "network-test.debian.org", "spectrum.s3.amazonaws.com", "neverssl.com",
        "example.com", "www.example.com",
    ]

    static func isProbed(_ authority: String?) -> Bool {
        authority.map { hosts.contains($0.lowercased().split(separator: ":").first.map(String.init) ?? "") } ?? false
    }

    package static func answer(_ spots: [(id: String, name: String)]) throws(Problem) -> Response {
        guard let first = spots.first else { throw Problem(.notFound, "ここには掲示する場所がありません (no Wi-Fi spot here)") }
        guard spots.count > 1 else {
            var response = Response.redirect(to: "/spots/\(first.id)/", type: .found)
            response.headers[.cacheControl] = "no-store"
            return response
        }
        let rows = spots.map { "<li><a href=\"/spots/\($0.id)/\">\(escaped($0.name))</a></li>" }.joined()
        let page = """
            <!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">\
            <title>災害情報 Disaster information</title></head><body><main><h1>災害情報 <span lang="en">Disaster information</span></h1>\
            <p>近くの場所を選んでください。<span lang="en">Choose the place near you.</span></p><ul>\(rows)</ul></main></body></html>
            """
        return Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: page)))
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
