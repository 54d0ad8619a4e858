// What the programs say in English, for the page: times in the zone of who looks, and in Chinese where that is spoken. A sentence is
// made of parts that have a translation each; what has none stays as it is.
import { date, time } from './format.js';
import { spoken } from './translations.js';

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, DATE = /(?<=\b(?:on|until) )\d{4}-\d\d-\d\d$/;

// Each with what it is in Chinese; a longer one comes before a shorter one that it holds.
const PARTS = [
	// mappings
	[/account (\S+) may not open port (\S+)/, '账户 $1 不能开放端口 $2'],
	[/account (\S+) may not have the host (\S+): it is the relay's own/, '账户 $1 不能使用主机名 $2：它属于中继自己'],
	[/account (\S+) may not have the host (\S+): it belongs to another account/, '账户 $1 不能使用主机名 $2：它属于另一个账户'],
	[/account (\S+) may not have the host (\S+?)(?=[:;]|$)/, '账户 $1 不能使用主机名 $2'],
	[/: it may have none/, '：它一个也不能用'],
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
	[/account (\S+) has used its (.+?) of this month; it goes on all the same; the next month begins on (.+)/, '账户 $1 已用完本月配额 $2；仍可继续使用；下个月从 $3 开始'],
	[/account (\S+) has used its (.+?) of this month; it has 1 Mbit\/s until its quota is raised, or until (.+)/, '账户 $1 已用完本月配额 $2；在提高配额之前，或到 $3 为止，限速 1 Mbit/s'],
	[/account (\S+) has used its (.+?) of this month; its mappings are closed until its quota is raised, or until (.+)/, '账户 $1 已用完本月配额 $2；在提高配额之前，或到 $3 为止，映射关闭'],
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
	[/\(it goes on at (.+?)\)$/, '（$1 后再试）'], [/the server (\S+) does not answer/, '服务器 $1 没有响应'], [/the server (\S+) answered /, '服务器 $1 回答 '], [/the server (\S+?): /, '服务器 $1：'],
	[/the state file cannot be written/, '状态文件无法写入'],
	// changes
	[/by session from (\S+)$/, '已登录用户，来自 $1'], [/by token (\S+) from (\S+)$/, '令牌 $1，来自 $2'], [/^(\d+) accounts?$/, '$1 个账户'], [/^port (\d+)$/, '端口 $1'],
	// what the agent finds
	[/This home is behind its carrier's NAT and cannot be reached from outside, so names that follow the home keep the relay's IPv4 address\./,
		'家里在运营商的 NAT 之后，外网无法直接访问，因此跟随家庭的域名保持中继的 IPv4 地址。'],
	[/This machine has the public address itself: names that follow the home lead straight to it\./, '本机直接拥有公网地址：跟随家庭的域名直接指向它。'],
	[/Whether this home can be reached directly is not known; names that follow the home lead to its router, which must forward the ports\./,
		'不知道能否从外网直接访问家里；跟随家庭的域名指向路由器，需要在路由器上转发端口。'],
	[/(\S+) is in order$/, '$1 没有问题'], [/^are readable to the service$/, '服务可以读取'],
	[/(\S+) answers, its key is the expected one, and it takes the (?:token|credential) of account (\S+)/, '$1 有响应，密钥正确，并接受账户 $2 的凭据'],
	[/^is attached, (\d+) ms$/, '在线，$1 毫秒'], [/^runs, and is detached/, '正在运行，离线'], [/^runs, and is connecting/, '正在运行，正在连接'], [/^agrees with the relay's$/, '与中继一致'],
	[/^the relay has not told its own$/, '中继没有告知它的时间'], [/^the relay has not told it yet$/, '中继还没有告知'],
	[/\(cgnat\)/, '（运营商 NAT）'], [/\(public\)/, '（公网）'], [/\(unknown\)/, '（未知）'],
	[/: open at (\S+)$/, '：在 $1 开放'], [/: from outside and back$/, '：从外网可以访问'], [/: paused by the file$/, '：在配置文件中暂停'], [/: valid until (.+)$/, '：有效至 $1'],
	[/: there is none yet$/, '：还没有'], [/: nobody can tell before the agent is attached$/, '：代理连上之前无法知道'],
	[/: nothing answers at (\S+): (.+); is the service running there\?$/, '：$1 没有响应：$2；服务在那里运行吗？'], [/: (\S+) answers$/, '：$1 有响应'],
	[/: error: /, '：错误：'], [/^(\d+) may be open at once$/, '可同时打开 $1 个'],
	// the system's and our own errors
	[/connection refused/, '连接被拒绝'], [/connection timed out|no answer in time/, '没有及时响应'], [/closed by the other side/, '被对方关闭'], [/connection reset by peer|reset by the other side/, '被对方重置'],
	[/(?:host is|no route to host|host) unreachable/, '主机不可达'], [/network is unreachable/, '网络不可达'], [/permission denied/, '没有权限'], [/no such file or directory/, '文件不存在'],
	[/address already in use/, '地址已被占用'], [/the name is not found/, '找不到这个名称'], [/no name server answers/, '没有域名服务器响应'], [/the relay's key is not the pinned one/, '中继的密钥与记录的不符'],
	[/the certificate does not verify/, '证书未通过验证'], [/TLS failed/, 'TLS 失败'], [/protocol violation/, '违反协议'],
];

const known = new Map(), MOST = 2000; // they are said again each second
export function said(text) {
	if (!text) return text;
	const key = `${spoken()} ${new Date().getDate()} ${text}`;
	if (known.has(key)) return known.get(key);
	let result = text.replace(TIME, (at) => time(at)).replace(DATE, (day) => date(day));
	if (spoken() === 'zh') for (const [part, chinese] of PARTS) result = result.replace(part, chinese);
	if (known.size >= MOST) known.clear();
	known.set(key, result);
	return result;
}
