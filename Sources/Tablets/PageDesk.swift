internal import AlertModel
internal import ChannelKit
package import Streams
internal import Foundation
internal import HTTPTypes
package import Hummingbird
internal import Pages
internal import Serving
internal import Web

/// The pages, the same at the hub and at an edge: a spot's portal from disk, the tablet's page and the desk from the
/// program itself.
package struct PageDesk: Sendable {
    let publicAddress: String
    /// Of the program's own pages.
    let paths: [String]
    let isKnown: @Sendable (_ spot: String) -> Bool
    let spots: @Sendable () -> [(id: String, name: String)]
    let page: @Sendable (_ spot: String, _ name: String) async -> SpotShelf.Page?

    package init(
        publicAddress: String, paths: [String], isKnown: @escaping @Sendable (String) -> Bool,
        spots: @escaping @Sendable () -> [(id: String, name: String)],
        page: @escaping @Sendable (String, String) async -> SpotShelf.Page?
    ) {
        self.publicAddress = publicAddress
        self.paths = paths
        self.isKnown = isKnown
        self.spots = spots
        self.page = page
    }

    package func add(to router: Router<some RequestContext>) {
        router.get("/") { request, _ in
            CaptiveProbe.isProbed(request.head.authority) ? try CaptiveProbe.answer(spots()) : Response.redirect(to: "/tablet/", type: .temporary)
        }
        // The router takes a path with and without its last slash for one; links inside the pages need the slash.
        router.get("/spots/{spot}/") { request, context in
            let spot = try context.parameters.require("spot")
            guard request.uri.path.hasSuffix("/") else {
                return Response.redirect(to: "/spots/\(spot)/", type: .permanent)
            }
            return try await spotPage(spot, file: nil, request)
        }
        router.get("/spots/{spot}/{file}") { request, context in
            try await spotPage(
                try context.parameters.require("spot"), file: try context.parameters.require("file"), request)
        }
        router.get("/captive-portal/{spot}") { request, context in
            let spot = try context.parameters.require("spot")
            guard isKnown(spot) else { throw Problem(.notFound, "この場所（\(spot)）のページはありません (no spot \(spot))") }
            return Response(
                status: .ok,
                headers: [.contentType: "application/captive+json", .cacheControl: "private"],
                body: .init(byteBuffer: ByteBuffer(bytes: captivePortal(spot))))
        }
        for path in CaptiveProbe.paths {
            router.get(RouterPath(path)) { _, _ in try CaptiveProbe.answer(spots()) }
        }
        for path in paths {
            router.get(RouterPath(path)) { request, _ in
                path.hasSuffix("/") && !request.uri.path.hasSuffix("/")
                    ? Response.redirect(to: path, type: .permanent) : try asset(path, request)
            }
        }
    }

    /// RFC 8908 §5: whether *this* client is captive. Only a spot's gateway knows that, and none tells us: false, and where
    /// the page is. A phone that was told true would hang in its small browser for ever.
    private func captivePortal(_ spot: String) -> [UInt8] {
        let page = "\(publicAddress)/spots/\(spot)/"
        guard page.hasPrefix("https://") else { return Array(#"{"captive":false}"#.utf8) }
        return Array(#"{"captive":false,"venue-info-url":"\#(page)"}"#.utf8)
    }

    private func asset(_ path: String, _ request: Request) throws -> Response {
        guard let asset = Pages.asset(path) else { throw Problem(.notFound) }
        let packed = Wishes.takesGzip(request.headers[.acceptEncoding])
        var fields: HTTPFields = [
            .contentType: asset.contentType, .eTag: packed ? asset.gzipTag : asset.tag, .cacheControl: "no-cache",
            .vary: "Accept-Encoding",
        ]
        fields[.contentSecurityPolicy] = Pages.contentSecurityPolicy
        if EntityTags(request.headers[.ifNoneMatch])?.contains(asset.tag, asset.gzipTag) == true {
            return Response(status: .notModified, headers: fields)
        }
        if packed { fields[.contentEncoding] = "gzip" }
        return Response(
            status: .ok, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: packed ? asset.gzip : asset.bytes)))
    }

    /// A portal page is one file with its style in it: no script, no picture, no form, nothing from elsewhere.
    private static let portalPolicy = """
        default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """

    private static func index(_ language: String) -> String { "index.\(language).html" }

    private func spotPage(_ spot: String, file: String?, _ request: Request) async throws -> Response {
        guard isKnown(spot) else { throw Problem(.notFound, "この場所（\(spot)）のページはありません (no spot \(spot))") }
        let wish = request.headers[.acceptLanguage]
        let name = file ?? Self.index(Wishes.language(wish, among: ScreenLanguages.inUse.all.map(\.rawValue)))
        var found = await page(spot, name)
        // The town may speak less than is asked for, or an edge more than its hub.
        for other in file == nil ? [Wishes.language(wish), "ja"] : [] where found == nil { found = await page(spot, Self.index(other)) }
        guard let page = found else { throw Problem(.notFound, "このページ（\(name)）はありません (no page \(name))") }
        let packed = page.gzip != nil && Wishes.takesGzip(request.headers[.acceptEncoding])
        let tag = packed ? page.gzipTag : page.tag
        var fields: HTTPFields = [
            .contentType: page.contentType, .eTag: tag, .cacheControl: "no-cache",
            .vary: "Accept-Encoding, Accept-Language",
        ]
        fields[.contentSecurityPolicy] = Self.portalPolicy
        if EntityTags(request.headers[.ifNoneMatch])?.contains(tag, page.tag) == true {
            return Response(status: .notModified, headers: fields)
        }
        if packed { fields[.contentEncoding] = "gzip" }
        return Response(
            status: .ok, headers: fields,
            body: .init(byteBuffer: ByteBuffer(bytes: (packed ? page.gzip : nil) ?? page.bytes)))
    }
}
