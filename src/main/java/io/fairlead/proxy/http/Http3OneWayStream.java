package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.util.ReferenceCountUtil;
import java.util.HashSet;
import java.util.Set;

/**
 * A stream that a client has opened and on which it alone speaks (RFC 9114, 6.2): of control, with
 * what it says of its tables of fields, or of a kind that we do not know. Whatever is wrong with
 * one of the first three is the end of the connection.
 */
final class Http3OneWayStream extends ChannelInboundHandlerAdapter implements Http3Frames.Taker {
  /** Of settings; there are five. */
  private static final int MOST_SETTINGS = 4096;

  /** Bytes of an integer. */
  private static final int LONGEST = 8;

  /** RFC 9204, 4.3.1: the table has room for nothing, as we have told it. */
  private static final int NO_TABLE = 0x20;

  // RFC 9204, 4.4: the first bits of what it tells of our table, which we do not use.
  private static final int KIND = 0xC0;
  private static final int CANCELLATION = 0x40;
  private static final int PREFIX = 0x3F;

  /** Of bytes that an integer is continued by. */
  private static final int MOST_CONTINUED = 9;

  private final Http3ServerConnection owner;
  private final QuicStreamChannel channel;
  private final Http3Frames frames = new Http3Frames(this);

  // Its type.
  private final QuicInteger integer = new QuicInteger();
  private boolean known;
  private long type;

  private boolean settled;
  private long frame;
  private long lastGoAway = Http3.LAST_STREAM + 3;
  private long lastPush = -1;
  private int continued;

  Http3OneWayStream(Http3ServerConnection owner, QuicStreamChannel channel) {
    this.owner = owner;
    this.channel = channel;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    owner.loop().touch();
    try {
      if (message instanceof ByteBuf in) {
        owner.countIn(in.readableBytes());
        while (!known && in.isReadable()) {
          type(in.readByte());
        }
        if (known) {
          content(in);
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void type(byte next) {
    known = integer.take(next);
    if (!known) {
      return;
    }
    type = integer.value();
    if (type == Http3.PUSH_STREAM || (isCritical() && !owner.isFirst((int) type))) {
      fail(Http3.STREAM_CREATION_ERROR);
    } else if (!isCritical()) {
      ChannelFuture _ = channel.shutdownInput(Http3.STREAM_CREATION_ERROR);
    }
  }

  /** Of a kind that there is once, and as long as there is the connection. */
  private boolean isCritical() {
    return type == Http3.CONTROL_STREAM
        || type == Http3.ENCODER_STREAM
        || type == Http3.DECODER_STREAM;
  }

  private void content(ByteBuf in) {
    if (type == Http3.CONTROL_STREAM) {
      frames.read(in);
    } else if (type == Http3.ENCODER_STREAM) {
      while (in.isReadable()) {
        if (in.readByte() != NO_TABLE) {
          fail(Http3.ENCODER_STREAM_ERROR);
          return;
        }
      }
    } else if (type == Http3.DECODER_STREAM) {
      while (in.isReadable()) {
        if (!isCancellation(in.readByte())) {
          fail(Http3.DECODER_STREAM_ERROR);
          return;
        }
      }
    }
  }

  /** Nothing else can be said of a table that nothing was put into. */
  private boolean isCancellation(byte next) {
    if (continued > 0) {
      continued = next < 0 ? continued + 1 : 0;
      return continued <= MOST_CONTINUED;
    }
    continued = (next & PREFIX) == PREFIX ? 1 : 0;
    return (next & KIND) == CANCELLATION;
  }

  private void fail(int error) {
    frames.stop();
    owner.end(error);
  }

  // --- control -----------------------------------------------------------------------------

  @Override
  public Http3Frames.How begin(long what, long length) {
    frame = what;
    boolean first = !settled;
    settled = true;
    if (first && what != Http3.SETTINGS) {
      fail(Http3.MISSING_SETTINGS);
    } else if (what == Http3.SETTINGS) {
      if (!first) {
        fail(Http3.FRAME_UNEXPECTED);
      } else if (length > MOST_SETTINGS) {
        fail(Http3.EXCESSIVE_LOAD);
      } else {
        return Http3Frames.How.WHOLE;
      }
    } else if (what == Http3.GOAWAY || what == Http3.MAX_PUSH_ID || what == Http3.CANCEL_PUSH) {
      if (length <= LONGEST) {
        owner.controlled();
        return Http3Frames.How.WHOLE;
      }
      fail(Http3.FRAME_ERROR);
    } else if (what == Http3.DATA
        || what == Http3.HEADERS
        || what == Http3.PUSH_PROMISE
        || Http3.isOfHttp2(what)) {
      fail(Http3.FRAME_UNEXPECTED);
    } else {
      owner.controlled(); // what is not known is left out (RFC 9114, 9)
    }
    return Http3Frames.How.NOT;
  }

  @Override
  public void piece(ByteBuf in, int count) {
    throw new IllegalStateException("nothing was asked for in pieces");
  }

  @Override
  public void whole(ByteBuf in, int count) {
    int end = in.readerIndex() + count;
    int error = frame == Http3.SETTINGS ? settings(in, end) : number(in, end);
    if (error != 0) {
      fail(error);
    }
  }

  private static int settings(ByteBuf in, int end) {
    Set<Long> seen = new HashSet<>();
    while (in.readerIndex() < end) {
      long name = Http3.integer(in, end);
      long value = name < 0 ? -1 : Http3.integer(in, end);
      if (value < 0) {
        return Http3.FRAME_ERROR;
      }
      boolean isFlag = name == Http3.ENABLE_CONNECT_PROTOCOL || name == Http3.H3_DATAGRAM;
      boolean isOfHttp2 = name >= 2 && name <= 5; // 7.2.4.1
      if (!seen.add(name) || isOfHttp2 || (isFlag && value > 1)) {
        return Http3.SETTINGS_ERROR;
      }
    }
    return 0;
  }

  /** It says where it ends, or speaks of pushes, of which we have none. */
  private int number(ByteBuf in, int end) {
    long number = Http3.integer(in, end);
    if (number < 0 || in.readerIndex() != end) {
      return Http3.FRAME_ERROR;
    }
    boolean right;
    if (frame == Http3.GOAWAY) {
      right = number <= lastGoAway;
      lastGoAway = number;
    } else if (frame == Http3.MAX_PUSH_ID) {
      right = number >= lastPush;
      lastPush = number;
    } else {
      right = false;
    }
    return right ? 0 : Http3.ID_ERROR;
  }

  // --- its end -----------------------------------------------------------------------------

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownReadComplete.INSTANCE) {
      ended();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof QuicStreamResetException) {
      ended();
    } else {
      Http3ServerConnection.log(cause);
      ChannelFuture _ = ctx.close();
    }
  }

  private void ended() {
    owner.loop().touch();
    if (known && isCritical()) {
      fail(Http3.CLOSED_CRITICAL_STREAM);
    } else {
      ChannelFuture _ = channel.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    frames.stop();
    ctx.fireChannelInactive();
  }
}
