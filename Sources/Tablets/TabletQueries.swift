package import Serving
internal import Web

extension QueryTable {
    private static let folders = ["/spots/", "/captive-portal/", "/tablet/", "/console/"]

    /// What tablets and pages are asked, at the hub and at an edge.
    package static let tablets = QueryTable([
        "GET /v1/reports/{id}": ["device": .text],
        "GET /v1/catch-up": ["since": .text, "language": .text],
        "GET /v1/stream": ["language": .text],
    ]) { path in path == "/" || CaptiveProbe.paths.contains(path) || folders.contains { path.hasPrefix($0) } }
}
