package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header blocks of one HTTP/2 connection into heads that look as if they had come by
 * HTTP/1.1, so that all that follows treats both alike. HPACK itself (RFC 7541) is Netty's; the
 * rules for what a message is are kept by {@link HeadFields}.
 *
 * <p>A block that decodes to more than the limits is decoded to its end, since the table of the
 * connection must follow, but not kept.
 */
final class HpackReader {
  private final HeadFields fields = new HeadFields();
  private final Decoder decoder = new Decoder(new Sink(fields));

  /**
   * @param bytes of one list, as HPACK measures it
   * @param target bytes of {@code :path}
   * @param count of fields in one list, the pseudo-fields not counted
   */
  void limit(int bytes, int target, int count) {
    fields.limit(bytes, target, count);
  }

  /**
   * Reads a request.
   *
   * @throws Http2Exception if the block cannot be decoded: the connection is lost
   */
  HeadFields.Result readRequest(int stream, ByteBuf block, Head head) throws Http2Exception {
    return read(stream, block, head, HeadFields.Kind.REQUEST);
  }

  HeadFields.Result readResponse(int stream, ByteBuf block, Head head) throws Http2Exception {
    return read(stream, block, head, HeadFields.Kind.RESPONSE);
  }

  HeadFields.Result readTrailers(int stream, ByteBuf block, Head head) throws Http2Exception {
    return read(stream, block, head, HeadFields.Kind.TRAILERS);
  }

  private HeadFields.Result read(int stream, ByteBuf block, Head head, HeadFields.Kind kind)
      throws Http2Exception {
    fields.begin(head, kind);
    try {
      decoder.decodeHeaders(stream, block);
      return fields.end();
    } finally {
      fields.forget();
    }
  }

  private static final class Decoder extends DefaultHttp2HeadersDecoder {
    private final @Nullable Sink sink;

    Decoder(Sink sink) {
      super(false, 0xFFFFFFFFL); // the sink keeps the limits, and keeps them sooner
      this.sink = sink;
    }

    @Override
    protected Http2Headers newHeaders() {
      Sink present = sink;
      return present == null ? super.newHeaders() : present;
    }
  }

  /** Takes the decoded fields one by one. */
  private static final class Sink extends DefaultHttp2Headers {
    private final HeadFields fields;

    Sink(HeadFields fields) {
      super(false);
      this.fields = fields;
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
      fields.add((AsciiString) name, (AsciiString) value);
      return this;
    }
  }
}
