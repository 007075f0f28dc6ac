package io.fairlead.proxy;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/** Moves what has come for a connection in a way of its own, before the transport reads it. */
public interface BulkReader {
  /** Set on a channel before it is registered, or later; only the epoll transport asks. */
  AttributeKey<BulkReader> KEY = AttributeKey.valueOf(BulkReader.class, "reader");

  /**
   * There may be something to read, or the end.
   *
   * @return false if nothing has been moved: then the transport reads, and finds out why
   */
  boolean readBulk();

  /** Who reads for that channel; null: the transport alone. */
  static @Nullable BulkReader of(Channel channel) {
    return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
  }
}
