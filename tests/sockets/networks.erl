%% What net knows: names of the machine, its interfaces, addresses.
-module(networks).
-export([main/0]).
main() -> [try F() catch C:R -> {C, R} end || F <- questions()].

questions() ->
    Here = #{family => inet, addr => {127,0,0,1}, port => 80},
    [fun() -> [maps:without([protocol], A) || A <- element(2, net:getaddrinfo("localhost"))] end,
     fun() -> net:getaddrinfo("nosuch.invalid.") end,
     fun() -> net:gethostname() end,
     fun() -> net:if_names() end,
     fun() -> net:if_name2index("lo") end,
     fun() -> net:if_index2name(1) end,
     fun() -> net:if_index2name(77) end,
     fun() -> net:if_name2index("nothing") end,
     fun() -> net:getnameinfo(Here) end,
     fun() -> net:getnameinfo(Here, [numerichost, numericserv]) end,
     fun() -> net:getnameinfo(Here, [nonsense]) end,
     fun() -> net:getnameinfo(#{family => inet6, addr => loopback, port => 80}, [numerichost]) end,
     fun() -> net:getifaddrs(all) end,
     fun() -> net:getifaddrs(inet) end,
     fun() -> net:info() end].
