package io.fairlead.proxy.tls;

import io.fairlead.proxy.Loop;
import io.netty.channel.ChannelPipeline;

/** Lets a protocol in when a handshake is done: the one place where ALPN decides. */
public interface AfterHandshake {
  /** Puts the protocol's handlers at the end of the pipeline of that active connection. */
  void install(ChannelPipeline pipeline, Loop loop, TlsSession session);
}
