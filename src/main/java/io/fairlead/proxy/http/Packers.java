package io.fairlead.proxy.http;

import io.fairlead.config.ContentCoding;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What answers of one event loop are packed with. What is held meanwhile has a bound. */
final class Packers {
  private static final int KIB = 1024;
  private static final int MAX_BYTES = 144 * 1024 * KIB;
  private static final int MAX_KEPT = 16;

  private final ByteBufAllocator allocator;
  private final Map<ContentCoding, ArrayDeque<Packer>> kept = new EnumMap<>(ContentCoding.class);
  private int bytesInUse;

  Packers(ByteBufAllocator allocator) {
    this.allocator = allocator;
    for (ContentCoding coding : ContentCoding.values()) {
      kept.put(coding, new ArrayDeque<>());
    }
  }

  /** Null: too many answers are being packed. */
  @Nullable Packer take(ContentCoding coding) {
    int more = bytes(coding);
    if (bytesInUse + more > MAX_BYTES) {
      return null;
    }
    bytesInUse += more;
    Packer free = kept(coding).pollLast();
    return free != null
        ? free
        : switch (coding) {
          case ZSTD -> new Zstd(allocator);
          case BR -> new Brotli(allocator);
          case GZIP -> new Gzip(allocator);
        };
  }

  void giveBack(Packer used) {
    bytesInUse -= bytes(used.coding());
    ArrayDeque<Packer> free = kept(used.coding());
    if (free.size() < MAX_KEPT) {
      used.letGo();
      free.addLast(used);
    } else {
      used.close();
    }
  }

  /** Frees what is kept for later. */
  void close() {
    kept.values()
        .forEach(all -> {
          all.forEach(Packer::close);
          all.clear();
        });
  }

  private ArrayDeque<Packer> kept(ContentCoding coding) {
    ArrayDeque<Packer> all = kept.get(coding);
    if (all == null) {
      throw new IllegalStateException("no such coding: " + coding);
    }
    return all;
  }

  /** At most, at the highest level, with the piece that is being filled; as measured. */
  static int bytes(ContentCoding coding) {
    return switch (coding) {
      case GZIP -> 288 * KIB;
      case ZSTD -> 1344 * KIB;
      case BR -> 1792 * KIB;
    };
  }
}
