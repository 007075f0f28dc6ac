package io.fairlead.proxy.stream;

import io.fairlead.config.Networks;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordRing;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is to be told of a relayed connection or of a session of datagrams when it has ended. One
 * that is refused before it was either (too many, a broken PROXY header, a failed handshake) is
 * counted and not told of.
 */
final class SessionRecord {
  static final byte[] NO_NAME = {};

  private final int type;
  private final int protocol;
  private final int listener;
  private final byte[] serverName;
  private int tries;
  private int node;
  private long connect = -1;
  private long bytesIn;
  private long bytesOut;
  private @Nullable ErrorReason error;

  /**
   * @param serverName that the client asked for; empty: it did not say
   */
  SessionRecord(int type, int protocol, int listener, byte[] serverName) {
    this.type = type;
    this.protocol = protocol;
    this.listener = listener;
    this.serverName = serverName;
  }

  void picked(Node picked) {
    tries++;
    node = picked.recordName();
    connect = -1;
  }

  void connected(long nanos) {
    connect = nanos;
  }

  void bytesIn(long count) {
    bytesIn += count;
  }

  void bytesOut(long count) {
    bytesOut += count;
  }

  void failed(ErrorReason reason) {
    error = reason;
  }

  /**
   * It is over. A connection is worth the last room in a ring, a session of datagrams only if
   * something was wrong: there is one for each question to a name server.
   *
   * @param route null: there is none for it
   */
  void end(Loop loop, InetSocketAddress client, @Nullable HttpRoute route, long began, long ended) {
    RecordRing ring = loop.records();
    if (ring == null) {
      return;
    }
    RecordDraft draft = ring.draft();
    draft.begin(type, protocol);
    draft.times(ring.epochMicros(began), ended - began);
    loop.requestIds().next(ended);
    draft.id(loop.requestIds().high(), loop.requestIds().low());
    draft.phases(-1, connect, -1, -1);
    draft.result(0, error, tries);
    draft.bytes(bytesIn, bytesOut);
    draft.names(
        listener,
        route == null ? 0 : route.recordName(),
        route == null ? 0 : route.target().service().recordName(),
        node);
    draft.client(
        Networks.high(client.getAddress()),
        Networks.low(client.getAddress()),
        client.getPort(),
        ring.mask());
    if (type == RecordLayout.STREAM || error != null || tries > 1) {
      draft.flag(RecordLayout.VALUABLE);
    }
    draft.text(Text.HOST, serverName, 0, serverName.length);
    ring.write();
  }
}
