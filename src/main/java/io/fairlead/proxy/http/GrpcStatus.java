package io.fairlead.proxy.http;

/** How a gRPC call ended, which its HTTP status does not say: that is 200 in any case. */
final class GrpcStatus {
  private static final byte[] NAME = Ascii.bytes("grpc-status");

  private GrpcStatus() {}

  /**
   * Whether these fields, a head or trailers, say that the node has failed: UNKNOWN, INTERNAL,
   * UNAVAILABLE, DATA_LOSS. The other codes are about the call, or about how long its client waits.
   */
  static boolean isNodesFault(Head fields) {
    int field = fields.findField(NAME, 0);
    if (field < 0) {
      return false;
    }
    int start = fields.valueStart(field);
    int length = fields.valueEnd(field) - start;
    if (length == 1) {
      return fields.bytes[start] == '2';
    }
    return length == 2
        && fields.bytes[start] == '1'
        && fields.bytes[start + 1] >= '3'
        && fields.bytes[start + 1] <= '5';
  }
}
