package import AlertModel

/// Where a site's tablets stand, and what the house has written down to do there: of the town's settings, and kept on a tablet.
///
/// What the register does not say is absent, and a tablet says nothing of it then.
package struct SitePlace: Sendable, Hashable, Codable {
    package var town, site, name: String
    /// 地区.
    package var district: String?
    /// The shelter that this house is, by its id.
    package var shelter: String?
    package var latitude, longitude: Double?
    /// Plain text, lines apart.
    package var procedure: String?

    package init(_ endpoint: Endpoint, of town: Town) {
        let house = town.shelters.first { $0.id == endpoint.shelter }
        self.town = town.id.code
        (site, name) = (endpoint.id, endpoint.name)
        (district, shelter) = (endpoint.district ?? house?.district, house?.id)
        let place = endpoint.place ?? house?.place
        (latitude, longitude) = (place?.latitude, place?.longitude)
        procedure = endpoint.procedure
    }
}
