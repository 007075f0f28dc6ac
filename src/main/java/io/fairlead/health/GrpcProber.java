package io.fairlead.health;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Calls {@code grpc.health.v1.Health/Check} (the health checking protocol of gRPC); passes if the
 * answer is SERVING.
 */
final class GrpcProber implements Prober {
  /** An answer of more frames or bytes than this is none to a health check. */
  private static final Http2Call.Kind KIND =
      new Http2Call.Kind("gRPC answer", 100, 16 * 1024, true);

  private static final int WINDOW = 65_535;

  private static final String[] STATES = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  private static final int SERVING = 1;

  private final byte[] request;
  private final String service;
  private final ProbeLink link;

  /**
   * @param service whose health is asked for; empty: the server's as a whole
   */
  GrpcProber(String service, String host, ProbeLink link) {
    this.service = service;
    this.link = link;
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("content-type", "application/grpc");
    fields.put("user-agent", "fairlead-health");
    fields.put("te", "trailers");
    this.request =
        Http2Call.request(
            "POST",
            link.isSecure(),
            "/grpc.health.v1.Health/Check",
            host,
            fields,
            message(service),
            WINDOW);
  }

  private static byte[] message(String service) {
    ByteBuf message = Unpooled.buffer();
    byte[] name = Http2Call.bytes(service);
    if (name.length > 0) {
      message.writeByte(0x0A); // field 1, a string
      Http2Call.varint(message, name.length);
      message.writeBytes(name);
    }
    ByteBuf framed = Unpooled.buffer().writeByte(0).writeInt(message.readableBytes());
    framed.writeBytes(message);
    byte[] bytes = new byte[framed.readableBytes()];
    framed.readBytes(bytes);
    return bytes;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new TimedSocket(deadline)) {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      try (Socket over = link.over(socket, ProbeLink.Asks.HTTP_2)) {
        Http2Call call = new Http2Call(KIND);
        String wrong = call.make(over, request);
        String failed = wrong == null ? judge(call) : wrong;
        return failed == null ? deadline.met() : new ProbeResult.Failed(failed);
      }
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }

  private @Nullable String judge(Http2Call call) {
    if (!"200".equals(call.status())) {
      return "answered HTTP status " + call.status() + " instead of a gRPC answer";
    }
    String status = call.field("grpc-status");
    if (status == null) {
      return "the answer is not gRPC: no grpc-status";
    }
    return switch (status) {
      case "0" -> state(call.body());
      case "5" -> "does not know the service '" + service + "' (NOT_FOUND)";
      case "12" -> "does not offer grpc.health.v1.Health (UNIMPLEMENTED)";
      default -> "answered grpc-status " + Quote.OPEN.of(status);
    };
  }

  /** What the message says, or null if that is SERVING. */
  private static @Nullable String state(byte[] message) {
    int state = 0; // the default of protocol buffers: UNKNOWN
    if (message.length >= 7 && message[5] == 0x08) { // field 1, a number
      state = message[6];
    }
    if (state == SERVING) {
      return null;
    }
    return state >= 0 && state < STATES.length ? "says " + STATES[state] : "says state " + state;
  }
}
