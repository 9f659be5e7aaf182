# Independent re-implementation (numpy, float64) of schedules, DDIM and losses: makes golden_samplers.out.
import numpy as np, math
def betas_linear(T=1000,b0=1e-4,b1=0.02): return np.linspace(b0,b1,T)
def betas_cosine(T=1000,s=0.008,mx=0.999):
    f=lambda t: math.cos((t+s)/(1+s)*math.pi/2)**2
    return np.array([min(1-f((i+1)/T)/f(i/T),mx) for i in range(T)])
def dummy_sample():
    n=4*3*8*8
    return (np.arange(n).reshape(3,8,8,4)/n).transpose(3,0,1,2)
def dummy_noise():
    n=4*3*8*8
    return (np.arange(n)[::-1].reshape(3,8,8,4)/n).transpose(3,0,1,2)
model=lambda x,t: x*t/(t+1)
class DDIM:
    def __init__(s,betas,clip=True,alpha_one=True,offset=0,pred='epsilon',spacing='leading'):
        s.T=len(betas); s.ac=np.cumprod(1-betas); s.clip=clip; s.fin=1.0 if alpha_one else s.ac[0]; s.off=offset; s.pred=pred; s.sp=spacing
    def set(s,N):
        s.N=N
        if s.sp=='leading': s.ts=((np.arange(N)*(s.T//N)).round()[::-1]).astype(int)+s.off
        elif s.sp=='trailing': s.ts=np.round(np.arange(s.T,0,-s.T/N)).astype(int)-1
        else: s.ts=np.linspace(0,s.T-1,N).round()[::-1].astype(int)
    def coeff(s,t):
        p=t-s.T//s.N; a=s.ac[t]; ap=s.ac[p] if p>=0 else s.fin
        return a,ap
    def step(s,o,t,x,eta=0.,z=None):
        a,ap=s.coeff(t)
        if s.pred=='epsilon': x0=(x-math.sqrt(1-a)*o)/math.sqrt(a); e=o
        elif s.pred=='sample': x0=o; e=(x-math.sqrt(a)*x0)/math.sqrt(1-a)
        else: x0=math.sqrt(a)*x-math.sqrt(1-a)*o; e=math.sqrt(a)*o+math.sqrt(1-a)*x
        if s.clip: x0=np.clip(x0,-1,1)      # NB: e is NOT re-derived after the clip
        var=(1-ap)/(1-a)*(1-a/ap); sd=eta*math.sqrt(max(var,0))
        y=math.sqrt(ap)*x0+math.sqrt(max(1-ap-sd*sd,0))*e
        return y+(sd*z if eta>0 else 0)
def loop(sch,N=10,**k):
    x=dummy_sample(); sch.set(N)
    for t in sch.ts: x=sch.step(model(x,t),t,x,**k)
    return np.abs(x).sum(),np.abs(x).mean()
class DPM2M:
    def __init__(s,betas,pred='epsilon',lower_order_final=True,final='zero',spacing='linspace'):
        s.T=len(betas); s.ac=np.cumprod(1-betas); s.pred=pred; s.lof=lower_order_final; s.final=final; s.sp=spacing
    def set(s,N):
        if s.sp=='linspace': ts=np.linspace(0,s.T-1,N+1).round()[::-1][:-1].astype(int)
        elif s.sp=='leading': ts=(np.arange(N+1)*(s.T//(N+1))).round()[::-1][:-1].astype(int)
        else: ts=np.arange(s.T,0,-s.T/N).round().astype(int)-1
        sig=np.sqrt((1-s.ac)/s.ac); last=0.0 if s.final=='zero' else sig[0]
        s.ts=ts; s.sig=np.append(sig[ts],last); s.m=[]; s.i=0
    @staticmethod
    def asg(sg): a=1/math.sqrt(sg*sg+1); return a,sg*a
    def step(s,o,x):
        a0,s0=s.asg(s.sig[s.i]); a1,s1=s.asg(s.sig[s.i+1])
        x0=(x-s0*o)/a0 if s.pred=='epsilon' else (o if s.pred=='sample' else a0*x-s0*o)
        s.m.append(x0); N=len(s.ts); last=s.i==N-1
        lof=last and ((s.lof and N<15) or s.final=='zero')
        lam=lambda a,b: math.log(a)-(math.log(b) if b>0 else -math.inf)
        h=lam(a1,s1)-lam(a0,s0); em=math.expm1(-h) if math.isfinite(h) else -1.0
        if s.i==0 or lof: y=(s1/s0)*x-a1*em*x0
        else:
            ap,sp=s.asg(s.sig[s.i-1]); h0=lam(a0,s0)-lam(ap,sp); r=h0/h
            D1=(s.m[-1]-s.m[-2])/r; y=(s1/s0)*x-a1*em*x0-0.5*a1*em*D1
        s.i+=1; return y
def loop_dpm(sch,N=10):
    x=dummy_sample(); sch.set(N)
    for t in sch.ts: x=sch.step(model(x,t),x)
    return np.abs(x).sum(),np.abs(x).mean()
def ddpm_loop_nonoise(betas,var=None):
    ac=np.cumprod(1-betas); x=dummy_sample()
    return ac
if __name__=='__main__':
    bl=betas_linear(); bc=betas_cosine(); al=np.cumprod(1-bl); acs=np.cumprod(1-bc)
    pr=lambda n,v: print('%-58s'%n,' '.join('%.10g'%q for q in np.atleast_1d(v)))
    pr('linear alphas_cumprod[0,1,10,100,250,500,750,900,999]',al[[0,1,10,100,250,500,750,900,999]])
    pr('cosine alphas_cumprod[same]',acs[[0,1,10,100,250,500,750,900,999]])
    pr('cosine betas[0,1,500,997,998,999]',bc[[0,1,500,997,998,999]])
    pr('linear SNR[0,500,999]',(al/(1-al))[[0,500,999]]); pr('cosine SNR[0,1,10,100,500,900,999]',(acs/(1-acs))[[0,1,10,100,500,900,999]])
    print('HF DDIM tests (expected 172.0067/0.223967; 52.5302/0.0684; 149.8295/0.1951; 149.0784/0.1941):')
    for k in [dict(),dict(pred='v'),]: pr(' DDIM10 '+str(k),loop(DDIM(bl,**k)))
    b2=betas_linear(b0=0.01)
    pr(' DDIM10 beta_start=.01 alpha_one',loop(DDIM(b2))); pr(' DDIM10 beta_start=.01 not alpha_one',loop(DDIM(b2,alpha_one=False)))
    d=DDIM(bl); 
    v=lambda t,p:(1-d.ac[p])/(1-d.ac[t])*(1-d.ac[t]/d.ac[p])
    pr(' variance(420,400)(980,960)(487,486)(999,998)',[v(420,400),v(980,960),v(487,486),v(999,998)])
    x=dummy_sample(); d.set(10); ts=d.ts[8:]; n=dummy_noise(); a=d.ac[ts[0]]; x=math.sqrt(a)*x+math.sqrt(1-a)*n
    for t in ts: x=d.step(model(x,t),t,x)
    pr(' DDIM with_noise t_start=8 (354.5418/0.4616)',[np.abs(x).sum(),np.abs(x).mean()])
    print('extra DDIM goldens (this script):')
    for nm,b in (('linear',bl),('cosine',bc)):
        for p in ('epsilon','sample','v'):
            for clip in (True,False):
                for N in (10,50): pr(' %s %s clip=%s N=%d'%(nm,p,clip,N),loop(DDIM(b,pred=p,clip=clip),N))
    print('HF DPM++2M tests, lower_order_final=False,final=sigma_min (expected mean 0.3301; v 0.2251):')
    pr(' eps',loop_dpm(DPM2M(bl,lower_order_final=False,final='sigma_min'))); pr(' v',loop_dpm(DPM2M(bl,pred='v',lower_order_final=False,final='sigma_min')))
    print('extra DPM++2M goldens, library defaults (lower_order_final=True, final=zero, linspace):')
    for p in ('epsilon','sample','v'):
        for N in (10,20): pr(' linear %s N=%d'%(p,N),loop_dpm(DPM2M(bl,pred=p),N))
    s=DDIM(bl); 
    for N in (5,10,50):
        for sp in ('leading','trailing','linspace'):
            s.sp=sp; s.set(N); print(' DDIM timesteps',N,sp,s.ts[:6],'...',s.ts[-3:])
    q=DPM2M(bl)
    for sp in ('linspace','leading','trailing'): q.sp=sp; q.set(10); print(' DPM++ timesteps 10',sp,q.ts)
    print('--- extra: x0-prediction goldens with model g(x,t)=0.7*x/(1+0.001*t), start x=3*dummy_sample')
    g=lambda x,t: 0.7*x/(1+0.001*t)
    def run(sch,N,eta=0.,gd=None):
        x=3*dummy_sample(); sch.set(N); z=dummy_noise()
        for t in sch.ts: x=sch.step(g(x,t),t,x,eta=eta,z=z)
        return np.abs(x).sum(),np.abs(x).mean(),x.ravel()[5],x.ravel()[700]
    for nm,b in (('linear',bl),('cosine',bc)):
        for clip in (True,False):
            for eta in (0.,0.5,1.): pr(' DDIM %s x0-pred clip=%s eta=%g N=10 sum,mean,x[5],x[700]'%(nm,clip,eta),run(DDIM(b,pred='sample',clip=clip),10,eta))
    def dpm(N):
        x=3*dummy_sample(); s=DPM2M(bl,pred='sample'); s.set(N)
        for t in s.ts: x=s.step(g(x,t),x)
        return np.abs(x).sum(),np.abs(x).mean(),x.ravel()[5],x.ravel()[700]
    pr(' DPM++2M linear x0-pred N=10',dpm(10)); pr(' DPM++2M linear x0-pred N=20',dpm(20))
    # lucidrains 1D DDPM ancestral as LDMLR uses it: cosine, pred_x0, clip to [-1,1], T=1000, noise z=0, then (x+1)/2
    def luc(b,clip=True):
        ac=np.cumprod(1-b); acp=np.append(1,ac[:-1]); x=3*dummy_sample()
        for t in range(len(b)-1,-1,-1):
            x0=g(x,t); x0=np.clip(x0,-1,1) if clip else x0
            c1=b[t]*math.sqrt(acp[t])/(1-ac[t]); c2=(1-acp[t])*math.sqrt(1-b[t])/(1-ac[t]); x=c1*x0+c2*x
        y=(x+1)/2; return np.abs(y).sum(),np.abs(y).mean(),y.ravel()[5],y.ravel()[700]
    pr(' DDPM posterior mean only, cosine, clip, unnormalised',luc(bc)); pr(' same, linear',luc(bl))
    for nm,b in (('linear',bl),('cosine',bc)):
        ac=np.cumprod(1-b); acp=np.append(1,ac[:-1])
        for t in (1,500,999):
            pv=b[t]*(1-acp[t])/(1-ac[t]); pr(' %s t=%d coef1,coef2,postvar,beta'%(nm,t),[b[t]*math.sqrt(acp[t])/(1-ac[t]),(1-acp[t])*math.sqrt(1-b[t])/(1-ac[t]),pv,b[t]])
    for K,mx in ((10,5000),(100,500)):
        for IF in (10,20,50,100,200):
            c=[int(mx*((1/IF)**(i/(K-1.0)))) for i in range(K)]
            print(' CIFAR-%d-LT IF=%d total %d min %d  many(>100) %d medium(20..100) %d few(<20) %d'%(K,IF,sum(c),min(c),sum(q>100 for q in c),sum(20<=q<=100 for q in c),sum(q<20 for q in c)), c if K==10 else c[:5]+['...']+c[-6:])
    h=np.array([[.5,-.25],[1,2.]]); hb=np.array([[0,.25],[1.5,1.]]); w=np.array([500,999])[:,None]/1000
    reg=(w*(h-hb)**2).mean(); print(' CBDM toy: reg %.9f total(reg+com/4) %.9f'%(reg,1.25*reg),'dL/dh',(2*w*(h-hb)/4).tolist(),'dL/dh_bal',(0.25*2*w*(hb-h)/4).tolist())
