package io.fairlead.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;

/** Options that connections of both sides have in common. */
public final class ChannelSetup {
  /** A sender stops when this much waits for the receiver, and goes on at a quarter of it. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(16 * 1024, 64 * 1024);

  private ChannelSetup() {}

  public static void apply(Channel channel, Loop loop) {
    channel.config().setAllocator(loop.allocator());
    channel.config().setRecvByteBufAllocator(loop.receiveAllocator());
    channel.config().setWriteBufferWaterMark(WATER_MARK);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }
}
