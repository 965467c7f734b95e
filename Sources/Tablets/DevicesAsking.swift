package import Devices
package import Hummingbird
package import Serving

extension DeviceRegister {
    /// Whose token a request bears.
    package func asking(_ request: Request) throws(Problem) -> Device {
        guard let token = request.head.bearer else { throw Problem(.unauthorized, "端末のトークンが要ります (a device's token is needed)") }
        guard let device = device(token: token) else {
            if let id = revoked(token: token) { throw Problem.revoked(id) }
            throw Problem(.unauthorized, "この端末は、ここでは登録されていません (no device is known here by this token)")
        }
        saw(device.id)
        return device
    }
}
