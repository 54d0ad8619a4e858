// What the programs say in English, for the page: times in the zone of who looks, and in Chinese where that is spoken. A sentence is
// made of parts that have a translation each; what has none stays as it is.
import { date, time } from './format.js';
import { spoken } from './translations.js';

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, DATE = /(?<=\b(?:on|until) )\d{4}-\d\d-\d\d$/;

// Each with what it is in Chinese; a longer one comes before a shorter one that it holds.
const PARTS = [
	// mappings
	[/account (\S+) may not (?:)open port (\S+)/, '账户 $1 不能开放端口 $2'],
	[/account (\S+) may not have the host (\S+): it (?:)is the relay's own/, '账户 $1 不能使用主机名 $2：它属于中继自己'],
	[/account (\S+) may not have the host (\S+): it (?:)belongs to another account/, '账户 $1 不能使用主机名 $2：它属于另一个账户'],
	[/account (\S+) may not have the host (\S+?)(?=[:;]|$)/, '账户 $1 不能使用主机名 $2'],
	[/: it may have (?:)none/, '：它一个也不能用'],
	[/: it may have ([^;]+)/, '：它可以用 $1'],
	[/;? on the relay: (?=groundnut)/, '；请在中继上运行：'],
	[/account (\S+) has all the mappings that it may have \((\d+): mappings_per_account in the relay's limits\)/, '账户 $1 的映射已达上限（$2：中继 limits 中的 mappings_per_account）'],
	[/account (\S+) has (\d+) ports and may have (\d+): declare fewer, or raise ports_per_account in the relay's limits/, '账户 $1 已有 $2 个端口，上限为 $3：请减少端口，或提高中继 limits 中的 ports_per_account'],
	[/account (\S+) has (\d+) ports, and what else the relay has descriptors for is kept for other accounts: declare fewer, or raise the relay's limit of open files \(LimitNOFILE\)/,
		'账户 $1 已有 $2 个端口，中继其余的描述符留给其他账户：请减少端口，或提高中继的打开文件数上限（LimitNOFILE）'],
	[/this relay has no port for (\S+) mappings \((.+?) in its relay\.json\)/, '此中继没有用于 $1 映射的端口（relay.json 中的 $2）'],
	[/the relay is older than the agent, update it/, '中继比代理旧，请更新中继'],
	[/the relay itself listens on port (\S+)/, '中继自己在监听端口 $1'],
	[/(\S+) is held by another program/, '$1 被另一个程序占用'],
	[/(\S+) is held by (.+?) \(pid (\d+)\)/, '$1 被 $2（进程 $3）占用'],
	[/held by another account/, '被另一个账户占用'],
	[/held by (\S+\/\S+)/, '被 $1 占用'],
	[/open at the relay, but (\S+) does not answer from here for (\S+): something on the way, such as this home's provider, cuts off connections by that name/,
		'中继已开放，但从家里以名称 $2 访问 $1 没有回应：途中（例如家里的运营商）按这个名称切断了连接'],
	[/open at the relay, but (\S+) does not answer from here: the VPS's firewall, or this home's provider blocks port (\d+) outward/,
		'中继已开放，但从家里访问 $1 没有回应：VPS 的防火墙，或家里的运营商阻挡了向外的 $2 端口'],
	[/\(at (.+?)\)$/, '（$1）'],
	// quotas
	[/account (\S+) has used (\d+) % of its (.+?) of this month; the next begins on (.+)/, '账户 $1 已用去本月配额 $3 的 $2 %；下个月从 $4 开始'],
	[/account (\S+) has used its (.+?) of this month; (?:)it goes on all the same; the next month begins on (.+)/, '账户 $1 已用完本月配额 $2；仍可继续使用；下个月从 $3 开始'],
	[/account (\S+) has used its (.+?) of this month; (?:)it has 1 Mbit\/s until its quota is raised, or until (.+)/, '账户 $1 已用完本月配额 $2；在提高配额之前，或到 $3 为止，限速 1 Mbit/s'],
	[/account (\S+) has used its (.+?) of this month; (?:)its mappings are closed until its quota is raised, or until (.+)/, '账户 $1 已用完本月配额 $2；在提高配额之前，或到 $3 为止，映射关闭'],
	// connections and sessions
	[/another connection came in its place/, '换成了另一个连接'], [/grace over/, '超过了保留时间'], [/a new session begins/, '开始了新会话'],
	[/the agent said goodbye/, '代理主动离开'], [/protocol violation inside the session/, '会话内违反协议'], [/violation inside the session/, '会话内违反协议'],
	[/the link was gone at once/, '连接随即断开'], [/the relay's operator cut this agent off/, '中继的管理员断开了此代理'], [/account and token do not fit/, '账户与令牌不符'],
	[/this agent was removed from the account/, '此代理已从账户中删除'], [/the account was removed/, '账户已删除'], [/the relay is stopping/, '中继正在停止'],
	[/the relay has no room now/, '中继现在没有空间'], [/another process has taken over this agent's name/, '另一个进程接管了此代理的名称'],
	[/another agent of this name is attached/, '另一个同名代理在线'], [/this relay speaks another version of the protocol/, '此中继使用另一个版本的协议'],
	[/waiting for the relay at (\S+?)(?=:? |$)/, '正在等待中继 $1'], [/refused by the relay/, '被中继拒绝'], [/(?<=: )refused: /, '拒绝：'],
	[/after ([\d.]+) s, from (\S+)$/, '$1 秒后恢复，来自 $2'],
	// certificates and publishers
	[/\(it goes on at (.+?)\)/, '（$1 后再试）'], [/the server (\S+) does not answer/, '服务器 $1 没有响应'], [/the server (\S+) answered /, '服务器 $1 回答 '], [/the server (\S+?): /, '服务器 $1：'],
	[/the state file cannot be written/, '状态文件无法写入'],
	// changes
	[/by (?:)session(?:) from (\S+)$/, '已登录用户，来自 $1'], [/by (?:)token (\S+) from (\S+)$/, '令牌 $1，来自 $2'], [/^(\d+) accounts?$/, '$1 个账户'], [/^port (\d+)$/, '端口 $1'],
	// what the agent finds
	[/This home is behind its carrier's NAT and cannot be reached from outside, so names that follow the home keep the relay's IPv4 address\./,
		'家里在运营商的 NAT 之后，外网无法直接访问，因此跟随家庭的域名保持中继的 IPv4 地址。'],
	[/This machine has the public address itself: names that follow the home lead straight to it\./, '本机直接拥有公网地址：跟随家庭的域名直接指向它。'],
	[/Whether this home can be reached directly is not known; names that follow the home lead to its router, which must forward the ports\./,
		'不知道能否从外网直接访问家里；跟随家庭的域名指向路由器，需要在路由器上转发端口。'],
	[/(\S+) is in order$/, '$1 没有问题'], [/^are readable to the service$/, '服务可以读取'], [/(\S+) is not there: `(.+?)` writes it/, '$1 不存在：用 `$2` 生成'],
	[/(\S+) is an address, which needs no lookup/, '$1 是地址，不需要解析'], [/(\S+) leads to an address/, '$1 可以解析'],
	[/the relay takes the (?:token|invitation) of (\S+)/, '中继接受 $1 的凭据'], [/^the relay's key is the pinned one$/, '中继的密钥正确'], [/the relay's certificate verifies by (?:)the system's CAs/, '中继的证书由系统信任的 CA 验证'],
	[/the relay's certificate verifies by (.+)/, '中继的证书由 $1 验证'], [/was not tried, because of the line `(.+?)`/, '因为 `$1` 一行，没有尝试'],
	[/^is attached, (\d+) ms$/, '在线，$1 毫秒'], [/^runs, and is (?:)detached/, '正在运行，离线'], [/^runs, and is (?:)connecting/, '正在运行，正在连接'],
	[/; the relay takes what the file says now: /, '；中继接受配置文件现在的内容：'], [/does not run: `(.+?)`, or `(.+?)`/, '没有运行：`$1` 或 `$2`'],
	[/^agrees with the relay's$/, '与中继一致'], [/^the relay has not told its own$/, '中继没有告知它的时间'], [/there is no link to the relay/, '没有连上中继'],
	[/is (\d+) s (?:behind) the relay's: `(.+?)` on the one that is wrong; certificates depend on it/, '比中继慢 $1 秒：在时间不对的一方运行 `$2`；证书依赖正确的时间'],
	[/is (\d+) s (?:ahead of) the relay's: `(.+?)` on the one that is wrong; certificates depend on it/, '比中继快 $1 秒：在时间不对的一方运行 `$2`；证书依赖正确的时间'],
	[/^the relay has not told it yet$/, '中继还没有告知'], [/; no name follows this home, so it does not matter/, '；没有域名跟随家庭，因此没有影响'],
	[/^cgnat(?=[:；])/, '运营商 NAT'], [/^public(?=[:；])/, '公网'], [/^unknown(?=[:；])/, '未知'],
	[/this machine has no public address of it, and needs none/, '本机没有公网 IPv6 地址，也不需要'], [/this machine has (\S+), but no route out: is IPv6 switched on in the router\? IPv4 serves meanwhile/, '本机有 $1，但没有出口路由：路由器开启了 IPv6 吗？目前使用 IPv4'],
	[/: open at (\S+)$/, '：在 $1 开放'], [/: from outside and back$/, '：从外网可以访问'], [/: not tried yet from outside/, '：尚未从外网尝试'], [/: paused by the file$/, '：在配置文件中暂停'],
	[/: valid until (.+)$/, '：有效至 $1'], [/: there is none yet: `(.+?)` says how far it is/, '：还没有：`$1` 显示进展'], [/there is none yet: `(.+?)`$/, '还没有：`$1`'], [/: put a new one into (\S+), and the agent takes it up/, '：把新证书放到 $1，代理会自动使用'],
	[/: `(.+?)` tries at once/, '：`$1` 立即重试'], [/: nobody can tell before the agent is attached/, '：代理连上之前无法知道'], [/: the running agent does not have it: /, '：正在运行的代理没有它：'],
	[/: nothing answers at (\S+): /, '：$1 没有响应：'], [/is the service running there\?/, '服务在那里运行吗？'], [/: (\S+) answers now; the agent's last try failed: /, '：$1 现在有响应；代理上次尝试失败：'],
	[/: (\S+) answers$/, '：$1 有响应'], [/^(\S+) answers$/, '$1 有响应'], [/: (?:)error: /, '：错误：'], [/^(\d+) may be open at once$/, '可同时打开 $1 个'], [/this system does not say/, '此系统不提供'],
	[/; bbr is faster on long or lossy paths: /, '；在远距离或丢包的线路上 bbr 更快：'],
	// what was filled in
	[/"([^"]*)" is not a name \(1 to 63 letters, digits, .+\)/, '“$1”不是有效名称（1 到 63 个字母、数字、“.”、“_”、“-”，以字母、数字或“_”开头）'], [/there is a mapping called "(.+)" already/, '已经有名为“$1”的映射'],
	[/"([^"]*)": say `(\d+)` for a (?:tcp) port/, '“$1”：tcp 端口请写 $2'], [/"([^"]*)" is neither a port \(1 to 65535\) nor a range such as "(.+?)"/, '“$1”既不是端口（1 到 65535），也不是如 $2 的范围'],
	[/"([^"]*)" names no port/, '“$1”没有写端口'], [/"([^"]*)" is a URL; a mapping of protocol (\w+) leads to "(.+)"/, '“$1”是网址；$2 映射的服务请写“$3”'],
	[/"([^"]*)" names (\d+) ports?, public_port names (\d+)/, '“$1”有 $2 个端口，公网有 $3 个'], [/"([^"]*)" is a (?:port), but (\w+) is public by (?:)host/, '“$1”是端口，而 $2 以域名公开'], [/"([^"]*)" is a (?:host), but (\w+) is public by (?:)port/, '“$1”是域名，而 $2 以端口公开'],
	[/"([^"]*)" is not a network such as "(.+?)"/, '“$1”不是如 $2 的网段'], [/"([^"]*)" is not a number of bits a second such as "(.+?)"/, '“$1”不是如 $2 的每秒比特数'], [/must be a number, not .+$/, '必须是数字'],
	[/must be (\d+) to (\d+), not (\S+)/, '必须在 $1 到 $2 之间，不能是 $3'], [/goes with "password"/, '需要同时填写密码'], [/goes with "user"/, '需要同时填写用户名'], [/does not fit a mapping of protocol (\w+), only (\w+) and (\w+)/, '不适用于 $1 映射，只适用于 $2 和 $3'],
	[/--public-port is for --protocol https/, '独立端口只用于 https'],
	[/"([^"]*)" cannot be an account's name: 1 to 63 letters, digits, .+/, '“$1”不能作账户名：1 到 63 个字母、数字，中间可用“-”和“.”，因为它同时是主机名'], [/"([^"]*)" cannot be an account's name: (\S+) is a name of the relay's own/, '“$1”不能作账户名：$2 是中继自己的名称'],
	[/an account called "(.+)" exists \(account renew makes it a new token\)/, '账户“$1”已存在（“更换”可以生成新令牌）'], [/"([^"]*)" is not a port or range such as (\S+), (\S+) or (\S+)/, '“$1”不是端口或范围，例如 $2、$3 或 $4'],
	[/must name one at least/, '至少要写一个'], [/is neither a number nor "none"/, '不是数字'], [/"([^"]*)" is not a rate such as (\S+) or (\S+) \(bits a second\)(?:), nor "none"/, '“$1”不是速率，例如 $2 或 $3（比特/秒）'],
	[/"([^"]*)" is not an amount such as (\S+) or (\S+) \(bytes a month\)(?:), nor "none"/, '“$1”不是流量，例如 $2 或 $3（字节/月）'], [/"([^"]*)" is not an agent's name/, '“$1”不是代理名称'], [/"([^"]*)" is not a host name/, '“$1”不是主机名'],
	[/(\S+?)\.? is account (\S+)'s; account (\S+) may use it, too, from now on/, '$1 属于账户 $2；从现在起账户 $3 也可以使用'],
	[/these ports are tcp only; `(\S+)` grants udp, `(\S+)` both/, '这些端口只开放 tcp；`$1` 开放 udp，`$2` 两者都开放'],
	// our own errors
	[/no answer in time/, '没有及时响应'], [/closed by the other side/, '被对方关闭'], [/reset by the other side/, '被对方重置'], [/the name is not found/, '找不到这个名称'], [/no name server answers/, '没有域名服务器响应'],
	[/the relay's key is not the pinned one/, '中继的密钥与记录的不符'], [/the certificate does not verify/, '证书未通过验证'], [/TLS failed/, 'TLS 失败'], [/protocol violation/, '违反协议'],
];
// Those of the system.
const SYSTEM = [
	[/connection refused/, '连接被拒绝'], [/connection timed out/, '没有及时响应'], [/connection reset by peer/, '被对方重置'], [/host is unreachable/, '主机不可达'], [/network is unreachable/, '网络不可达'],
	[/permission denied/, '没有权限'], [/no such file or directory/, '文件不存在'], [/address already in use/, '地址已被占用'],
];

const known = new Map(), MOST = 2000; // they are said again each second
const LONGEST = 1000; // longer ones are no sentences of ours, and some patterns take time that grows with the square
export function said(text) {
	if (!text) return text;
	const key = `${spoken()} ${new Date().getDate()} ${text}`;
	if (known.has(key)) return known.get(key);
	let result = text.replace(TIME, (at) => time(at)).replace(DATE, (day) => date(day));
	if (spoken() === 'zh' && text.length <= LONGEST) for (const [part, chinese] of [...PARTS, ...SYSTEM]) result = result.replace(part, chinese);
	if (known.size >= MOST) known.clear();
	known.set(key, result);
	return result;
}
