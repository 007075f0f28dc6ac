package io.fairlead.proxy.http;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.github.luben.zstd.util.Native;
import io.fairlead.config.ContentCoding;
import java.lang.System.Logger.Level;

/** Which codings there are on this machine. Their libraries are loaded when they are asked for. */
final class Codings {
  private static final System.Logger LOG = System.getLogger(Codings.class.getName());

  private Codings() {}

  /** Each class in it is loaded, with its library, by the first question for that coding. */
  private static final class ZstdLibrary {
    static final boolean LOADED = load();

    private static boolean load() {
      try {
        Native.load();
        return Native.isLoaded();
      } catch (LinkageError e) {
        LOG.log(Level.WARNING, "no answers are packed by zstd, its library cannot be loaded: " + e);
        return false;
      }
    }
  }

  private static final class BrotliLibrary {
    static final boolean LOADED = load();

    private static boolean load() {
      if (Brotli4jLoader.isAvailable()) {
        return true;
      }
      LOG.log(
          Level.WARNING,
          "no answers are packed by br, its library cannot be loaded: "
              + Brotli4jLoader.getUnavailabilityCause());
      return false;
    }
  }

  /** May read and write files. Not for event loops. */
  static boolean isAvailable(ContentCoding coding) {
    return switch (coding) {
      case GZIP -> true;
      case ZSTD -> ZstdLibrary.LOADED;
      case BR -> BrotliLibrary.LOADED;
    };
  }
}
